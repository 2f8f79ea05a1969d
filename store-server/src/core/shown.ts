import type { Model } from '@pawprint/protocol'

/** What a demo is told of a model: how its weights lie on the store's disk, and whether they were made twice, is nothing it could use. */
export const shownToDemos = ({ damagedAt: _damagedAt, reproduced: _reproduced, ...model }: Model): Model => model
