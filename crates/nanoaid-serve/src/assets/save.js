// Save: the picture, the numbers, the maps, the command line, the address, the session.

import * as api from './api.js';
import { makeChange } from './change.js';
import * as command from './command.js';
import { at, commandLine, element, save, say } from './dom.js';
import { reading, shownOf } from './state.js';

/**
 * @param {{state: () => import('./state.js').State, info: () => any, run: (id: string) => string, classifier: () => string, snapshot: () => Promise<Blob>, images: () => [string, string][], version: string, open: (session: any) => void, changing: import('./change.js').Page}} page
 */
export function makeSave(page) {
  const panel = at('panel-save');

  const stem = () => page.info().name.replace(/\.[^.]+$/, '');
  const file = async (/** @type {string} */ what, /** @type {any} */ more = {}) => {
    const state = page.state();
    const response = await fetch(api.address('export', { what, ...reading(state), network: state.network, layer: state.layer, ...more }));
    if (!response.ok) { say((await response.json()).error, true); return; }
    const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? what;
    save(await response.blob(), name);
  };
  const report = makeChange(page.changing, 'All depths as a page with pictures, ZIP', () => ({ kind: 'report', shown: shownOf(page.state()), network: page.state().network }), {
    report: (_found, job) => [element('p', {}, element('a', { href: api.address(`jobs/${job.id}/file`), download: '' }, 'Save the report'), ': unpack it and open report.html; record.json lets nanoaid replay make it again.')],
  });
  /** Micrograph and network of the report. */ let reported = '';
  const session = () => ({ nanoaid_session: 1, version: page.version, images: page.images().map(([sha256, name]) => ({ sha256, name })), address: location.hash });

  return {
    heard: report.heard,
    /** A report that was chosen in the list of jobs. @param {any} job */
    select: job => report.adopt(job),
    describe() {
      const state = page.state(), info = page.info();
      if (!info) return;
      const unit = state.unit === null ? '' : `.${state.unit}`;
      const of = JSON.stringify([shownOf(state), state.network]);
      if (reported !== of) { reported = of; report.reset(); }
      const button = (/** @type {string} */ text, /** @type {() => any} */ onclick, title = '') => element('button', { type: 'button', onclick, title }, text);
      panel.replaceChildren(
        element('h2', {}, 'Save'),
        element('h3', {}, 'Picture'),
        element('p', { class: 'row-of-buttons' }, button('What is shown, as PNG', async () => save(await page.snapshot(), `${stem()}.${state.layer}${unit}.png`), 'with scale bars')),
        element('h3', {}, 'Report'),
        element('p', { class: 'row-of-buttons' }, report.button, report.stop), report.result,
        element('h3', {}, `Layer ${state.layer}`),
        element('p', { class: 'row-of-buttons' },
          button('This map, 32-bit TIFF', () => file('maps.tif', { channel: state.unit }), 'calibrated; ImageJ reads it'),
          button('All maps, 32-bit TIFF', () => file('maps.tif')),
          button('Channels, CSV', () => file('channels.csv')),
          button('Result, JSON', () => file('layer.json'))),
        element('h3', {}, 'The same in a terminal'),
        commandLine(command.lens(state, info.name, page.run(state.network))),
        commandLine(command.classify(state, info.name, page.run(page.classifier()))),
        element('h3', {}, 'Return to this view'),
        element('p', { class: 'soft' }, 'The address of this page leads back to the same view while the server runs. A session file does so later: drop its micrographs and the file together.'),
        element('p', { class: 'row-of-buttons' },
          button('Copy the address', async () => { try { await navigator.clipboard.writeText(location.href); say('The address was copied.'); } catch { say(location.href); } }),
          button('Save the session', () => save(new Blob([JSON.stringify(session(), null, 2)], { type: 'application/json' }), `${stem()}.nanoaid.json`))));
    },
  };
}
