import { main, prepare } from './prepare.mjs'

main(prepare)
