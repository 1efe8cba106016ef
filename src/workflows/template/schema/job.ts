import type { JobTask } from '../document.ts';
import type { Fields } from '../yaml-reader.ts';
import { CONTAINER_KEYS, readEnvironment } from './container.ts';
import type { FieldReader } from './fields.ts';

/** What an action is, where it is run as a Job: a Task of the content, or a script or file of its own. */
const KINDS = ['task', 'script', 'file'] as const;
type Kind = (typeof KINDS)[number];
/** Keys that belong to one of them. */
const MORE: Readonly<Record<Kind, readonly string[]>> = {
  task: ['params'],
  script: ['interpreter'],
  file: ['contents'],
};
export const JOB_KEYS: readonly string[] = [...KINDS, ...KINDS.flatMap((kind) => MORE[kind])];
/** Variables are for scripts too; all else is said of a container. */
const CONTAINER_ONLY = [...CONTAINER_KEYS.filter((key) => key !== 'environment'), 'on-timeout', 'on-failure'];
const PATH_LIMIT = 4096;

/**
 * What of an action is run as a Job; undefined: it is something else.
 * @param around the action's name, and the variables that its task gives it
 */
export function readJob(
  read: FieldReader,
  fields: Fields,
  { name, environment }: { name: string; environment: Readonly<Record<string, string>> },
): JobTask | undefined {
  const { items } = fields;
  const kind = KINDS.find((each) => items.has(each));
  if (kind === undefined) {
    read.refuseKeys(fields, JOB_KEYS, 'an action without task, script or file');
    return undefined;
  }
  read.refuseKeys(fields, CONTAINER_ONLY, `an action with a ${kind}`);
  read.refuseKeys(
    fields,
    JOB_KEYS.filter((key) => key !== kind && !MORE[kind].includes(key)),
    `an action with a ${kind}`,
  );
  const own = readEnvironment(read, items.get('environment'));
  const run = { kind: 'job', task: name, environment: { ...environment, ...own } } as const;
  const text = (key: string): string => {
    const item = read.required(fields, key);
    return item === undefined ? '' : read.text(item, 'a text');
  };
  switch (kind) {
    case 'task': {
      const task = read.name(read.required(fields, 'task'));
      const params = read.optionalMap(items.get('params'), 'a map of params')?.items ?? [];
      return {
        ...run,
        task,
        params: Object.fromEntries([...params].map(([param, item]) => [param, read.value(item)])),
      };
    }
    case 'script': {
      const interpreter = read.optional(
        items.get('interpreter'),
        'a program, such as /usr/bin/python3',
        () => undefined,
      );
      const content = text('script');
      return { ...run, step: { name, content, ...(interpreter === '' ? {} : { interpreter }) } };
    }
    case 'file': {
      const path = read.checked(read.required(fields, 'file'), 'the path of a file', problemOfPath);
      const item = items.get('contents');
      if (item === undefined) read.required(fields, 'contents');
      return { ...run, step: { name, path, content: item === undefined ? '' : read.text(item, 'a text') } };
    }
  }
}

function problemOfPath(path: string): string | undefined {
  if (path.length > PATH_LIMIT) return `the path has more than ${PATH_LIMIT} characters`;
  if (/\p{Cc}/u.test(path)) return 'the path has a control character';
  if (!path.startsWith('/')) return `"${path}" is no absolute path: the folder of a Job goes with it`;
  if (path.endsWith('/')) return `"${path}" is a folder`;
  return path.split('/').includes('..') ? 'a path must not have ".."' : undefined;
}
