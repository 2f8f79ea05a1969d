import '@pawprint/ui/tokens.css'
import './css/frame.css'
import './css/stage.css'
import './css/narrow.css'
import { startTheme } from '@pawprint/ui'
import { mount } from 'svelte'
import App from './App.svelte'
import { startLive } from './live.svelte.ts'

startTheme()
startLive()
mount(App, { target: document.body })
