// Jobs: long work of the server, listed, told of as it goes on, and stopped.

import * as api from './api.js';
import { element, say } from './dom.js';

/** @typedef {any} Job */

/** Jobs that are listed. */
const LISTED = 12;

/** Whether a job waits or runs. @param {Job} job */
export const goesOn = job => job.phase === 'running' || job.phase === 'waiting';

/** What a job is about. @param {Job} job @param {(id: string) => string} nameOf micrographs by their ids */
export function jobName({ wish }, nameOf) {
  const of = wish.shown ? `${nameOf(wish.shown.image)}: ` : '';
  switch (wish.kind) {
    case 'ascent': return `${wish.unit} (${wish.network})`;
    case 'tuning': return `gratings for ${wish.unit} (${wish.network})`;
    case 'pass': return `data through ${wish.network}`;
    case 'ablate': return `${of}${wish.units.join(', ')} times ${wish.times} (${wish.network})`;
    case 'accentuate': return `${of}${wish.away ? 'away from' : 'towards'} ${wish.unit ?? wish.class} (${wish.network})`;
    case 'report': return `${of}report by ${wish.network}`;
    case 'caricature': return `${of}caricature by ${wish.layer} (${wish.network})`;
    case 'alike': return `${of}what is like a box (${wish.network})`;
    case 'circuit': return `${wish.unit} taken apart (${wish.network})`;
    default: return `training of ${wish.name}`;
  }
}

/**
 * The list of jobs, and one stream of what happens to them.
 * @param {any} host where they are listed
 * @param {{heard: (job: Job) => void, select: (job: Job) => void, nameOf: (id: string) => string}} page
 */
export function makeJobs(host, page) {
  /** @type {Map<number, Job>} */ const all = new Map();
  /** Rows of the list by job, kept as long as nothing but the share changes, so that a button stays under the finger. @type {Map<number, {phase: string, row: any, share: any}>} */
  const shown = new Map();

  const stop = (/** @type {number} */ id) => api.remove(`jobs/${id}`).catch(error => say(error.message, true));

  function list() {
    const latest = [...all.values()].sort((a, b) => b.id - a.id).slice(0, LISTED);
    for (const id of shown.keys()) if (!latest.some(one => one.id === id)) shown.delete(id);
    let isOther = false;
    for (const one of latest) {
      if (shown.get(one.id)?.phase !== one.phase) {
        isOther = true;
        const share = element('span');
        shown.set(one.id, { phase: one.phase, share, row: element('li', {}, element('button', { type: 'button', class: 'link', onclick: () => page.select(all.get(one.id)) }, jobName(one, page.nameOf)), ' ', share, ' ',
          goesOn(one) ? element('button', { type: 'button', onclick: () => stop(one.id) }, 'Stop') : '') });
      }
      /** @type {any} */ (shown.get(one.id)).share.textContent = one.phase === 'running' && one.share > 0 ? `${Math.round(100 * one.share)} %` : one.phase;
    }
    if (isOther) host.replaceChildren(...latest.map(one => shown.get(one.id)?.row));
    if (!latest.length) host.replaceChildren(element('li', { class: 'soft' }, 'None yet.'));
  }

  // One stream for everything, and only while something goes on: a browser has six connections to a server for all its
  // tabs together. A page that is loaded again, or shown again, asks for the list.
  /** @type {EventSource | null} */ let stream = null;

  function listen() {
    if (document.hidden || ![...all.values()].some(goesOn)) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource('api/events');
    // what happened before the stream was there
    stream.addEventListener('open', () => refresh());
    stream.addEventListener('message', event => {
      const said = JSON.parse(event.data);
      if (said.event !== 'job') return;
      heard(said.job);
      list();
      listen();
    });
  }

  /** @param {Job} job */
  function heard(job) {
    all.set(job.id, job);
    page.heard(job);
  }

  async function refresh() {
    try { for (const one of (await api.get('jobs')).reverse()) heard(one); } catch { return; }
    list();
    listen();
  }
  document.addEventListener('visibilitychange', refresh);

  return {
    refresh, stop,
    /** @param {Record<string, any>} wish @returns {Promise<Job>} */
    async begin(wish) {
      const said = await api.post('jobs', wish);
      // what the stream said since then is newer
      const begun = all.get(said.id) ?? said;
      heard(begun);
      list();
      listen();
      return begun;
    },
    /** The newest job that fits. @param {(job: Job) => boolean} fits @returns {Job | null} */
    newest: fits => [...all.values()].reverse().find(fits) ?? null,
  };
}

