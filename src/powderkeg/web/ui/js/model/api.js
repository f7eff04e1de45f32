// Questions to the server that served this page, and its answers. No other address is ever asked.

/** @typedef {string | number | boolean | null | undefined} Given */
/** @typedef {Record<string, Given>} Query */

export const BASE = "/api/v1";

/** An answer that is none: what the server said, or that there is no server. */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status, 0 without an answer
   * @param {string} code
   * @param {string} message
   * @param {string} hint
   */
  constructor(status, code, message, hint) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }

  /** There is nothing to make a map of, and why: an answer about the data, not a failure. */
  get isNoMap() {
    return this.code === "no_map";
  }

  /** The server has no such route: a capability this server was not built with. */
  get isNotOffered() {
    return this.status === 404 && this.code !== "no_data";
  }
}

/**
 * The address of a question, relative to the server; parameters that are null are left out, empty ones are not.
 * @param {string} path
 * @param {Query} query
 */
export function addressOf(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, given] of Object.entries(query)) {
    if (given !== null && given !== undefined) {
      search.set(name, String(given));
    }
  }
  const text = search.toString();
  return `${BASE}/${path}${text ? `?${text}` : ""}`;
}

/**
 * Ask, and wait for the answer.
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function ask(path, query = {}, signal) {
  await checkOffered(path);
  return answered(() => fetch(addressOf(path, query), { signal: signal ?? null, headers: { accept: "application/json" } }));
}

/**
 * Send a document, and wait for the answer.
 * @param {string} path
 * @param {object} body
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function send(path, body, signal) {
  await checkOffered(path);
  return answered(() =>
    fetch(addressOf(path), {
      method: "POST",
      signal: signal ?? null,
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

/** @type {Promise<Map<string, string[]>> | null} */
let offered = null;

/** The addresses this server answers, from its own description; nothing that is not there is asked for. */
function offers() {
  offered ??= answered(() => fetch("/schema", { headers: { accept: "application/json" } })).then(
    (told) => new Map(Object.entries(told.paths ?? {}).map(([path, methods]) => [path, formatsIn(methods)])),
    (error) => {
      offered = null;
      throw error;
    },
  );
  return offered;
}

/**
 * Forms an answer can be saved in; none where it is not a route to get.
 * @param {any} methods of one address, as the server describes them
 * @returns {string[]}
 */
function formatsIn({ get }) {
  const named = (get?.parameters ?? []).find((/** @type {any} */ one) => one.name === "format");
  return named?.schema?.enum ?? (get ? ["json"] : []);
}

/**
 * Forms in which the answer to a question can be saved, as this server says.
 * @param {string} path
 * @returns {Promise<string[]>}
 */
export async function formatsOf(path) {
  return (await offers()).get(`${BASE}/${path}`) ?? [];
}

/** @param {string} path */
async function checkOffered(path) {
  if (!(await offers()).has(`${BASE}/${path}`)) {
    throw new ApiError(404, "not_found", "this server was started without what is asked for", "");
  }
}

/** @param {() => Promise<Response>} asked */
async function answered(asked) {
  let response;
  try {
    response = await asked();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new ApiError(0, "unreachable", "the server does not answer", "is powderkeg still running?");
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) {
    const { code = String(response.status), message = response.statusText, hint = "" } = told ?? {};
    throw new ApiError(response.status, String(code), String(message), String(hint ?? ""));
  }
  if (told.empty?.state === "no_map") {
    throw new ApiError(response.status, "no_map", String(told.empty.message), "");
  }
  return told;
}
