/**
 * A node inside an HTTP server. A client has its answer when the order is on disk, not when somebody has handled it.
 *
 *   PORT=8080 node examples/http-server/server.mjs        (after npm install, which also builds)
 *
 *   curl -i localhost:8080/orders -H 'idempotency-key: 7f3a' -d '{"item":"lamp","count":2}'
 *   curl localhost:8080/orders/ID
 *
 * POST /orders answers 202 with the message id once the order is durable. GET /orders/ID tells how far it got. The
 * consumer runs here, so that one process shows the whole; in earnest it is another node, anywhere in the mesh.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createNode, isSkeinError } from 'skein'

const BODY_BYTES_MAX = 64 * 1024
const { PORT = '0', DATA_DIR: dataDir = './.skein-orders' } = process.env

const node = await createNode({ dataDir, mesh: 'orders' })

const consumer = await node.consume('orders/#', { name: 'kitchen', from: 'earliest' }, delivery => {
  console.log(`kitchen: ${delivery.text()}`)
})

const server = createServer((request, response) => {
  handle(request).catch(failed).then(({ status, headers, body }) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(`${JSON.stringify(body)}\n`)
  }).catch(() => { response.destroy() })
})

async function handle (request) {
  const [, collection, id, ...rest] = request.url.split('?')[0].split('/')
  if (collection !== 'orders' || rest.length > 0) return { status: 404, body: { error: 'there are only /orders here' } }
  if (request.method === 'POST' && id === undefined) return await addOrder(request)
  if (request.method === 'GET' && id !== undefined) return { status: 200, body: node.receipt(decodeURIComponent(id)).state() }
  return { status: 405, body: { error: 'POST /orders or GET /orders/ID' } }
}

async function addOrder (request) {
  const text = await readBody(request)
  if (text === undefined) return { status: 413, headers: { connection: 'close' }, body: { error: `an order has at most ${BODY_BYTES_MAX} bytes` } }
  const order = parse(text)
  if (order === undefined) return { status: 400, body: { error: 'the body is not a JSON object' } }
  // A client that got no answer may ask again with the same key: the order counts once.
  const key = request.headers['idempotency-key']
  const { id, duplicate } = await node.publish('orders/new', order, key === undefined ? {} : { id: key })
  return { status: 202, headers: { location: `/orders/${id}` }, body: { id, duplicate } }
}

async function readBody (request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse (text) {
  try {
    const order = JSON.parse(text)
    return typeof order === 'object' && order !== null ? order : undefined
  } catch {
    return undefined
  }
}

/** What a client can do about it decides the status. */
function failed (error) {
  if (error instanceof URIError) return { status: 400, body: { error: 'the address is malformed' } }
  if (!isSkeinError(error)) {
    console.error(error)
    return { status: 500, body: { error: 'a fault in the server' } }
  }
  const { code, message, retryable } = error
  const status = { ERR_NOT_FOUND: 404, ERR_BAD_MESSAGE_ID: 400, ERR_BAD_ARGUMENT: 400, ERR_MESSAGE_TOO_LARGE: 413, ERR_PUBLISH_ID_DIFFERS: 409 }[code] ?? (retryable ? 503 : 500)
  return { status, headers: status === 503 ? { 'retry-after': '5' } : {}, body: { error: message, code } }
}

server.listen(Number(PORT), '127.0.0.1')
await once(server, 'listening')
console.log(`listening on http://127.0.0.1:${server.address().port}`)

const stopped = await Promise.race(['SIGINT', 'SIGTERM'].map(signal => once(process, signal).then(() => signal)))
console.log(`${stopped}: finishing`)
server.close()
server.closeIdleConnections()
await consumer.drain()
await node.drain()
await node.close()
