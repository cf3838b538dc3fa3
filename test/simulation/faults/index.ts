import type { FaultClass } from '../chaos.js'
import { bandwidth } from './bandwidth.js'
import { bitRot } from './bit-rot.js'
import { channelQuotas } from './channel-quotas.js'
import { clockSteps } from './clock-steps.js'
import { crash } from './crash.js'
import { diskFull } from './disk-full.js'
import { drift } from './drift.js'
import { duplication } from './duplication.js'
import { emptied } from './emptied.js'
import { ephemeral } from './ephemeral.js'
import { equivocation } from './equivocation.js'
import { floodingNeighbour } from './flooding-neighbour.js'
import { flapping } from './flapping.js'
import { fsync } from './fsync.js'
import { halfOpen } from './half-open.js'
import { lateJoin } from './late-join.js'
import { latency } from './latency.js'
import { leave } from './leave.js'
import { loss } from './loss.js'
import { lyingNeighbour } from './lying-neighbour.js'
import { oneWay } from './one-way.js'
import { partition } from './partition.js'
import { pauses } from './pauses.js'
import { redrive } from './redrive.js'
import { reordering } from './reordering.js'
import { restore } from './restore.js'
import { smallCustody } from './small-custody.js'
import { smallQuotas } from './small-quotas.js'
import { slowNodes } from './slow-nodes.js'
import { stop } from './stop.js'
import { tornCommit } from './torn-commit.js'

/** All kinds of faults, in the order in which they begin. */
export const FAULTS: readonly FaultClass[] = [
  loss, duplication, reordering, latency, bandwidth, oneWay, halfOpen, partition, flapping,
  crash, tornCommit, stop, diskFull, fsync, clockSteps, drift, slowNodes, pauses, lateJoin, lyingNeighbour, equivocation, floodingNeighbour, smallQuotas, smallCustody,
  restore, emptied, bitRot, leave, ephemeral, redrive, channelQuotas
]
