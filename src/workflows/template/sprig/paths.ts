import { type FunctionMap, fixed, type TemplateFunction } from '../gotemplate/index.ts';
import { text } from './arguments.ts';

/** Paths with slashes, whatever system this runs on: `osX` is the same as `X`. */
const ONE_BY_ONE: Readonly<Record<string, TemplateFunction>> = {
  base: fixed(1, ([path]) => base(text(path))),
  dir: fixed(1, ([path]) => dir(text(path))),
  clean: fixed(1, ([path]) => clean(text(path))),
  ext: fixed(1, ([path]) => ext(text(path))),
  isAbs: fixed(1, ([path]) => text(path).startsWith('/')),
};

export const PATHS: FunctionMap = new Map(
  Object.entries(ONE_BY_ONE).flatMap(([name, one]): [string, TemplateFunction][] => [
    [name, one],
    [`os${name.charAt(0).toUpperCase()}${name.slice(1)}`, one],
  ]),
);

/** Go's `path.Base` */
function base(path: string): string {
  if (path === '') return '.';
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end -= 1;
  return end === 0 ? '/' : path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

/** Go's `path.Dir` */
function dir(path: string): string {
  return clean(path.slice(0, path.lastIndexOf('/') + 1));
}

/** Go's `path.Ext` */
function ext(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

/** Go's `path.Clean` */
function clean(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push(part);
  }
  const joined = kept.join('/');
  return rooted ? `/${joined}` : joined || '.';
}
