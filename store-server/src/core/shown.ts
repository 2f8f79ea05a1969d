import type { Model } from '@pawprint/protocol'

/** What a demo is told of a model: how its weights lie on the store's disk, whether they were made twice, and what else they were measured on, is nothing it could use. */
export const shownToDemos = ({
  damagedAt: _damagedAt,
  reproduced: _reproduced,
  reevaluations: _reevaluations,
  ...model
}: Model): Model => model
