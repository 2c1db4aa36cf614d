/** Calls to the server; every answer is JSON, every failure an error with one sentence. */

import { language } from './i18n.js';
import { ArrivingFilm } from './view/arriving.js';

const SIGN_IN = '/api/login';

/** The server answered, but refused. */
export class ApiError extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body?.error || `The server answered ${status}.`);
    this.status = status;
    this.kind = body?.kind ?? '';
    this.body = body;
  }
}

/** The server cannot be reached. */
export class OfflineError extends Error {}

export class Api {
  constructor() {
    this.csrf = '';
    /** Who reads, if it was changed in this tab. */
    this.observer = '';
    /** @type {?() => Promise<boolean>} asks whoever was signed in to do so again; true if done */
    this.signInAgain = null;
  }

  /** @template {string} M @template {string} P
   * @param {M} method @param {P} path @param {Wire.Body<M, P>} [body] @param {any} [extra]
   * @returns {Promise<Wire.Answer<M, P>>} */
  async call(method, path, body, extra = {}) {
    /** @type {Object<string, string>} */
    const headers = { Accept: 'application/json', 'Accept-Language': language() };
    if (this.observer) headers['X-Kyphometer-Observer'] = encodeURIComponent(this.observer);
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.reach(path, () => {
      if (method !== 'GET') headers['X-Kyphometer-CSRF'] = this.csrf;
      return { method, headers, body: payload, credentials: 'same-origin', ...extra };
    });
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, answer);
    return answer;
  }

  /** The answer; if nobody is signed in any more, once somebody is again.
   * @param {string} path @param {() => RequestInit} request @returns {Promise<Response>} */
  async reach(path, request) {
    const response = await reach(path, request());
    if (response.status !== 401 || !this.signInAgain || path === SIGN_IN) return response;
    return (await this.signInAgain()) ? reach(path, request()) : response;
  }

  /** @param {string} name @param {string} password @returns {Promise<Wire.SignedIn>} */
  async signIn(name, password) {
    this.csrf ||= 'login'; // any value: a foreign page could not set this header at all
    /** @type {Wire.SignedIn} */
    const answer = await this.call('POST', SIGN_IN, { name, password });
    this.csrf = answer.csrf;
    return answer;
  }

  /** @returns {Promise<Wire.Ways>} how people sign in here */
  ways() {
    return this.call('GET', SIGN_IN);
  }

  /** True if that person is signed in, perhaps in another tab; asks nobody to be.
   * @param {string} name @returns {Promise<boolean>} */
  async isSignedIn(name) {
    const response = await reach('/api/config', { credentials: 'same-origin' });
    const config = response.ok ? await response.json() : {};
    if (config.user?.name !== name) return false;
    this.csrf = config.csrf;
    return true;
  }

  /** @returns {Promise<Wire.Config>} */
  async config() {
    /** @type {Wire.Config} */
    const config = await this.call('GET', '/api/config');
    this.csrf = config.csrf ?? '';
    return config;
  }

  /** @template {string} R @param {string} id @param {R} rest @returns {`/api/films/${string}${R}`} */
  path(id, rest) {
    return `/api/films/${encodeURIComponent(id)}${rest}`;
  }

  /** @param {{query: string, status: string, sort?: string, offset: number, limit: number}} ask
   * @returns {Promise<Wire.WorkList>} */
  worklist(ask) {
    const query = new URLSearchParams({
      query: ask.query,
      status: ask.status,
      sort: ask.sort ?? 'patient',
      offset: String(ask.offset),
      limit: String(ask.limit),
    });
    return this.call('GET', `/api/worklist?${query}`);
  }

  /** @param {string} id @returns {Promise<Wire.Film>} */
  film(id) {
    return this.call('GET', this.path(id, ''));
  }

  /** Stored values as 16-bit numbers. @param {string} id
   * @param {(share: number) => void} [onProgress] @returns {Promise<import('./view/arriving.js').Arrived>} */
  async pixels(id, onProgress) {
    const response = await this.reach(this.path(id, '/pixels'), () => ({ credentials: 'same-origin' }));
    if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
    const size = (/** @type {string} */ name) => Number(response.headers.get(`X-Kyphometer-${name}`));
    const film = new ArrivingFilm(size('Columns'), size('Rows'));
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        throw new OfflineError('The film stopped arriving.', { cause });
      });
      if (done) break;
      if (!film.add(value)) throw new ApiError(200, { error: 'pixels: too many' });
      onProgress?.(film.share);
    }
    const { arrived } = film;
    if (!arrived) throw new ApiError(200, { error: `pixels: ${film.at} / ${film.bytes.length}` });
    return arrived;
  }

  /** A file that the server makes of a film. @param {string} id @param {string} rest
   * @returns {Promise<Blob>} */
  async file(id, rest) {
    /** @type {Object<string, string>} */
    const headers = { 'Accept-Language': language() };
    if (this.observer) headers['X-Kyphometer-Observer'] = encodeURIComponent(this.observer);
    const response = await this.reach(this.path(id, rest), () => ({ headers, credentials: 'same-origin' }));
    if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
    return response.blob();
  }

  /** @param {string} id @returns {Promise<Wire.Document>} */
  document(id) {
    return this.call('GET', this.path(id, '/document'));
  }

  /** @param {string} id @param {any} document @param {?string} base @param {boolean} [keepalive]
   * @returns {Promise<Wire.Saved>} */
  saveDraft(id, document, base, keepalive = false) {
    return this.call('PUT', this.path(id, '/draft'), { document, base }, { keepalive });
  }

  /** @param {string} id @param {?string} base @returns {Promise<Wire.Document>} */
  dropDraft(id, base) {
    return this.call('DELETE', this.path(id, '/draft'), { base });
  }

  /** @param {string} id @param {any} document @param {?string} base @param {?string} reason
   * @param {?Wire.Log} log how the film was read @returns {Promise<Wire.Confirmed>} */
  confirm(id, document, base, reason, log) {
    const body = { document, base, log, ...(reason ? { reason } : {}) };
    return this.call('POST', this.path(id, '/reading'), body);
  }

  /** A part of a file with films. @param {{upload: string, name: string, at: number, size: number}} part
   * @param {Blob} data @returns {Promise<Wire.Incoming>} */
  async handIn(part, data) {
    const query = new URLSearchParams({ ...part, at: String(part.at), size: String(part.size) });
    const response = await this.reach(`/api/incoming?${query}`, () => ({
      method: 'PUT',
      headers: { 'Content-Type': 'application/octet-stream', 'Accept-Language': language(), 'X-Kyphometer-CSRF': this.csrf, ...this.whose() },
      body: data,
      credentials: 'same-origin',
    }));
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, answer);
    return answer;
  }

  /** Header that says who reads, if it was changed in this tab. @returns {Record<string, string>} */
  whose() {
    return this.observer ? { 'X-Kyphometer-Observer': encodeURIComponent(this.observer) } : {};
  }

  /** Where the confirmed reading can be sent, and how far it is. @param {string} id
   * @returns {Promise<Wire.Sending>} */
  sending(id) {
    return this.call('GET', this.path(id, '/sending'));
  }

  /** @param {string} id @param {Wire.Send} what @returns {Promise<Wire.Sending>} */
  send(id, what) {
    return this.call('POST', this.path(id, '/sending'), what);
  }

  /** Archives that can be asked, and how far a fetch is. @returns {Promise<Wire.Fetching>} */
  archives() {
    return this.call('GET', '/api/archives');
  }

  /** @param {Wire.Search} whom @returns {Promise<Wire.Found>} */
  searchArchive(whom) {
    return this.call('POST', '/api/archives/search', whom);
  }

  /** @param {Wire.Fetch} what @returns {Promise<Wire.Fetching>} */
  fetchArchive(what) {
    return this.call('POST', '/api/archives/fetch', what);
  }

  /** Everybody's confirmed readings. @param {string} id @returns {Promise<Wire.Readings>} */
  readings(id) {
    return this.call('GET', this.path(id, '/readings'));
  }

  /** @param {string} id @param {any} document @returns {Promise<Wire.Measured>} */
  measure(id, document) {
    return this.call('POST', this.path(id, '/measure'), { document });
  }

  /** All visits of the film's patient, with the marks as they are shown.
   * @param {string} id @param {?any} document @returns {Promise<Wire.VisitTable>} */
  visits(id, document) {
    return this.call('POST', this.path(id, '/visits'), { document });
  }

  /** @param {string} id @param {any} document @param {Wire.Target[]} targets
   * @returns {Promise<Wire.Assisted>} */
  assist(id, document, targets) {
    return this.call('POST', this.path(id, '/assist'), { document, targets });
  }

  /** @param {string} id @param {any} document @param {?string} from
   * @param {Object<string, [number, number]>} anchors about where the middle of bodies lies
   * @returns {Promise<Wire.Carried>} */
  carryOver(id, document, from, anchors) {
    return this.call('POST', this.path(id, '/carry-over'), { document, from, anchors });
  }

  /** @param {string} id @returns {Promise<Wire.Proposed>} */
  proposal(id) {
    return this.call('POST', this.path(id, '/proposal'), {});
  }
}

/** @param {string} path @param {RequestInit} request @returns {Promise<Response>} */
async function reach(path, request) {
  try {
    return await fetch(path, request);
  } catch (cause) {
    throw new OfflineError('The server cannot be reached.', { cause });
  }
}
