import '@pawprint/ui/tokens.css'
import './css/frame.css'
import './css/problem.css'
import './css/drop.css'
import './css/framing.css'
import './css/classes.css'
import './css/answer.css'
import './css/past.css'
import './css/narrow.css'
import { startTheme } from '@pawprint/ui'
import { mount } from 'svelte'
import App from './App.svelte'
import { startLive } from './live.svelte.ts'

startTheme()
startLive()
mount(App, { target: document.body })
