// A panel's question in the two languages people paste.

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {string} address absolute
 * @param {object | null} body of a POST
 */
export function asCurl(address, body = null) {
  const sent = body ? ` -X POST -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}` : "";
  return `curl -s${sent} ${quoted(address)}`;
}

/**
 * @param {string} address absolute
 * @param {object | null} body of a POST
 */
export function asPython(address, body = null) {
  const sent = body
    ? `request = Request(${JSON.stringify(address)}, ${JSON.stringify(JSON.stringify(body))}.encode(), {"Content-Type": "application/json"})`
    : `request = Request(${JSON.stringify(address)})`;
  return ["import json", "from urllib.request import Request, urlopen", "", sent, "with urlopen(request) as answer:", "    told = json.load(answer)", ""].join("\n");
}
