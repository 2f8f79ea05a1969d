// The README's picture of the notebook in Jupyter: a job's curves in the output of the last cell.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ROOT } from './prepare.mjs'

const PORT = 8891
const LAUNCH = { LEARNING_RATE: [0.001, 0.002], NUM_FILTERS: 16, EPOCHS: 3, BATCH_SIZE: 20 }

/** Serves a copy of the notebook with the checkout's kernel; resolves with the page's address and how to end it. */
async function serveNotebook(env) {
  const home = await mkdtemp(join(tmpdir(), 'pawprint-picture-'))
  await mkdir(join(home, 'notebooks'))
  await copyFile(join(ROOT, 'notebooks/cifar10.ipynb'), join(home, 'notebooks/cifar10.ipynb'))
  await symlink(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  const folders = { JUPYTER_PATH: join(ROOT, 'notebooks/kernel'), JUPYTER_CONFIG_DIR: home, JUPYTER_DATA_DIR: home }
  const options = ['--no-browser', '--allow-root', `--port=${PORT}`, '--port-retries=0', '--NotebookApp.token=picture']
  const child = spawn(
    process.env.PAWPRINT_JUPYTER ?? 'jupyter-notebook',
    [...options, `--notebook-dir=${join(home, 'notebooks')}`],
    { env: { ...process.env, ...env, ...folders, JUPYTER_RUNTIME_DIR: home }, stdio: 'ignore' },
  )
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  const isUp = () =>
    fetch(`http://127.0.0.1:${PORT}/api`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (child.exitCode === null && !(await isUp())) await wait(200)
  return {
    url: `http://127.0.0.1:${PORT}/notebooks/cifar10.ipynb?token=picture`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Runs the notebook in a page, launches a job on it and takes the picture when that is well under way. */
export async function takeNotebookPicture({ browser, api, env, path }) {
  const jupyter = await serveNotebook(env)
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 620 } })
    await page.goto(jupyter.url)
    await page.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor()
    await page.locator('#celllink').click()
    await page.locator('#run_all_cells a').click()
    const last = page.locator('.code_cell').nth(8)
    await last.getByText('waiting for a job').waitFor({ timeout: 120_000 })
    const { id } = await api('POST', '/api/jobs', { notebook: 'cifar10', config: LAUNCH })
    while ((await api('GET', `/api/jobs/${id}`)).trials[1].progress < 0.7) await wait(200)
    await last.locator('.output_wrapper').evaluate((output) => output.scrollIntoView({ block: 'end' }))
    await page.screenshot({ path })
  } finally {
    await jupyter.stop()
  }
}
