/** Values of options whose form is more than a list of addresses or a text. */
import { address } from './options.ts';

/**
 * Option 121 (RFC 3442): prefix length, the bytes of the destination that count, the router. Whoever reads it ignores
 * option 3, so the routers are in it too, unless a default route is there already.
 */
export function classlessRoutes(
  routes: readonly { address: string; prefix: number; via: string }[],
  routers: readonly string[],
): Buffer {
  const [router] = routers;
  const all =
    router === undefined || routes.some(({ prefix }) => prefix === 0)
      ? routes
      : [...routes, { address: '0.0.0.0', prefix: 0, via: router }];
  return Buffer.concat(
    all.flatMap(({ address: destination, prefix, via }) => [
      Buffer.of(prefix),
      address(destination).subarray(0, Math.ceil(prefix / 8)),
      address(via),
    ]),
  );
}

/** Longest label of a domain name (RFC 1035 section 2.3.4). */
const LONGEST_LABEL = 63;

/** Option 119 (RFC 3397): domain names as DNS writes them, without compression. A name that DNS cannot have is left out. */
export function domainSearch(domains: readonly string[]): Buffer {
  return Buffer.concat(
    domains.flatMap((domain) => {
      const labels = domain
        .replace(/\.$/, '')
        .split('.')
        .map((label) => Buffer.from(label, 'latin1'));
      if (labels.some(({ length }) => length === 0 || length > LONGEST_LABEL)) return [];
      return [...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)];
    }),
  );
}
