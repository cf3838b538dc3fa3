/** What the runner bundles: the simulation without a test framework. */
export { FAULTS } from './faults/index.js'
export { replayCommand, shrink } from './shrink.js'
export { simulate } from './simulate.js'
export { scale } from './scale.js'
