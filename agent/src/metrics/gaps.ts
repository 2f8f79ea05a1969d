/** Values of one metric on the three sets; what was not measured is left out. */
export interface Measured {
  readonly train?: number
  readonly validation?: number
  readonly test?: number
}

/** How much worse the model is on images that were held out. Null where one of the two was not measured. */
export interface Gaps {
  /** Train minus validation: large when it has learned its training images by heart (overfitting). */
  readonly trainValidation: number | null
  /** Validation minus test: far from 0 when the choice among models used up the validation images, or the two sets differ. */
  readonly validationTest: number | null
  readonly trainTest: number | null
}

/** The gaps of a metric where higher is better; of a loss they have the other sign. */
export function gapsOf({ train, validation, test }: Measured): Gaps {
  const gap = (a: number | undefined, b: number | undefined): number | null =>
    a === undefined || b === undefined ? null : a - b
  return {
    trainValidation: gap(train, validation),
    validationTest: gap(validation, test),
    trainTest: gap(train, test),
  }
}
