import type { Job } from '@pawprint/protocol'
import { isOpen } from './estimate.ts'

/** The job that trains this model again now. */
export const reproducingJob = (jobs: readonly Job[], sha1: string): Job | undefined =>
  jobs.find((job) => job.reproduces?.sha1 === sha1 && isOpen(job))
