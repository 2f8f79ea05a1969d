import '@pawprint/ui/tokens.css'
import './css/index.css'
import { startTheme } from '@pawprint/ui'
import { mount } from 'svelte'
import App from './App.svelte'
import { openStore } from './store.svelte.ts'

startTheme()
openStore()
mount(App, { target: document.body })
