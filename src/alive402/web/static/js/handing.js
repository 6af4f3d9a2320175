// Hands a file from one service's page to another's, through the browser's cache; nothing is sent.

const CACHE = "alive402 handed";
const KEY = "/handed";

export async function hand(file) {
  // Pages without https have no cache: there the file is chosen once more.
  const cache = await globalThis.caches?.open(CACHE).catch(() => null);
  const headers = { "Content-Type": file.type, "X-Name": encodeURIComponent(file.name) };
  await cache?.put(KEY, new Response(file, { headers })).catch(() => null);
}

// The handed file, once; null without one. Only the link across leads to `#try`.
export async function collect() {
  if (location.hash !== "#try" || !globalThis.caches) return null;
  const cache = await caches.open(CACHE).catch(() => null);
  const found = await cache?.match(KEY);
  if (!found) return null;
  await cache.delete(KEY);
  const name = decodeURIComponent(found.headers.get("X-Name"));
  return new File([await found.blob()], name, { type: found.headers.get("Content-Type") });
}
