import {
  entryOf,
  FunctionFault,
  type FunctionMap,
  fixed,
  inWords,
  type TemplateFunction,
  type Value,
} from '../gotemplate/index.ts';
import { type Dict, dict, perCharacter, text } from './arguments.ts';

/** URLs in their parts, by Go's `net/url` (RFC 3986 with its leniencies). */
export const URLS: FunctionMap = perCharacter(
  new Map<string, TemplateFunction>([
    ['urlParse', fixed(1, ([url]) => urlParse(text(url)))],
    ['urlJoin', fixed(1, ([parts]) => urlJoin(dict(parts)))],
  ]),
);

/** `[scheme:](//[userinfo@]host)/path[?query][#fragment]`, or `scheme:opaque`. */
function urlParse(source: string): Value {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Go refuses these
  if (/[\0-\x1f\x7f]/.test(source)) throw new FunctionFault('a URL has no control characters');
  const [withoutFragment, fragment] = cut(source, '#');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(withoutFragment)?.[1] ?? '';
  if (scheme === '' && /^[^/?]*:/.test(withoutFragment)) {
    throw new FunctionFault(
      withoutFragment.startsWith(':')
        ? 'the URL has no scheme before its colon'
        : 'the first part of the path has a colon',
    );
  }
  const [beforeQuery, query] = cut(scheme === '' ? withoutFragment : withoutFragment.slice(scheme.length + 1), '?');
  const parts = { scheme: scheme.toLowerCase(), query, fragment: percentDecoded(fragment, 'fragment') };
  const empty = { host: '', hostname: '', path: '', opaque: '', userinfo: '' };
  if (scheme !== '' && beforeQuery !== '' && !beforeQuery.startsWith('/')) {
    return { ...empty, ...parts, opaque: beforeQuery };
  }
  if (!beforeQuery.startsWith('//') || (scheme === '' && beforeQuery.startsWith('///'))) {
    return { ...empty, ...parts, path: percentDecoded(beforeQuery, 'path') };
  }
  const slash = beforeQuery.indexOf('/', 2);
  const authority = beforeQuery.slice(2, slash < 0 ? undefined : slash);
  const path = slash < 0 ? '' : percentDecoded(beforeQuery.slice(slash), 'path');
  const at = authority.lastIndexOf('@');
  const host = checkedHost(authority.slice(at + 1));
  const userinfo = at < 0 ? '' : checkedUser(authority.slice(0, at));
  return { ...empty, ...parts, host, hostname: hostnameOf(host), path, userinfo };
}

function cut(source: string, mark: string): [string, string] {
  const at = source.indexOf(mark);
  return at < 0 ? [source, ''] : [source.slice(0, at), source.slice(at + 1)];
}

function percentDecoded(source: string, what: string): string {
  const broken = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(source);
  if (broken !== null) throw new FunctionFault(`the URL's ${what} has the broken escape ${JSON.stringify(broken[0])}`);
  const bytes = Buffer.from(source);
  const plain: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0x25) plain.push(byte);
    else {
      plain.push(Number.parseInt(bytes.subarray(at + 1, at + 3).toString('latin1'), 16));
      at += 2;
    }
  }
  return Buffer.from(plain).toString();
}

function checkedHost(host: string): string {
  const port = host.startsWith('[') ? host.slice(host.indexOf(']') + 1) : host.slice(host.indexOf(':') >>> 0);
  if (host.startsWith('[') && !host.includes(']')) throw new FunctionFault("the URL's host has a [ without a ]");
  if (!/^(?::[0-9]*)?$/.test(port)) throw new FunctionFault(`"${port}" after the URL's host is no port`);
  if (/[ "<>\\^`{|}]/.test(host.replaceAll(/["<>]/g, '')))
    throw new FunctionFault("the URL's host has a character that no host has");
  return percentDecoded(host, 'host');
}

function hostnameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  const colon = host.indexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

function checkedUser(userinfo: string): string {
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new FunctionFault('the URL has a bad user');
  const [name, password] = cut(userinfo, ':');
  const user = percentEncoded(percentDecoded(name, 'user'), /[A-Za-z0-9\-_.~$&+,;=]/);
  if (!userinfo.includes(':')) return user;
  return `${user}:${percentEncoded(percentDecoded(password, 'password'), /[A-Za-z0-9\-_.~$&+,;=]/)}`;
}

function percentEncoded(source: string, kept: RegExp): string {
  return Array.from(source, (symbol) => {
    if (kept.test(symbol)) return symbol;
    return Array.from(Buffer.from(symbol), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  }).join('');
}

const PATH_KEPT = /[A-Za-z0-9\-_.~$&+,/:;=@]/;
const FRAGMENT_KEPT = /[A-Za-z0-9\-_.~$&+,/:;=@?!()*]/;

function urlJoin(parts: Dict): string {
  const part = (name: string): string => {
    const value = entryOf(parts, name) ?? '';
    if (typeof value !== 'string') throw new FunctionFault(`"${name}" must be a string, not ${inWords(value)}`);
    return value;
  };
  const scheme = part('scheme');
  const query = part('query');
  const fragment = part('fragment');
  const userinfo = part('userinfo');
  let joined = scheme === '' ? '' : `${scheme}:`;
  if (part('opaque') !== '') joined += part('opaque');
  else {
    const host = part('host');
    const path = percentEncoded(part('path'), PATH_KEPT);
    if (scheme !== '' || host !== '' || userinfo !== '') {
      if (host !== '' || path !== '' || userinfo !== '') joined += '//';
      if (userinfo !== '') joined += `${checkedUser(userinfo)}@`;
      joined += percentEncoded(host, /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/);
    }
    if (path !== '' && !path.startsWith('/') && host !== '') joined += '/';
    if (joined === '' && /^[^/]*:/.test(path)) joined += './';
    joined += path;
  }
  if (query !== '') joined += `?${query}`;
  return fragment === '' ? joined : `${joined}#${percentEncoded(fragment, FRAGMENT_KEPT)}`;
}
