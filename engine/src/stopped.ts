/** Thrown inside a worker when its caller stopped the work. */
export class Stopped extends Error {}
