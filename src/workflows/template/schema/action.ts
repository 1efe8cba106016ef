import { type HookCommand, type Retries, type TemplateAction, VERBS, type Verb } from '../document.ts';
import { didYouMean } from '../nearest.ts';
import type { Fields, Item } from '../yaml-reader.ts';
import { CONTAINER_KEYS, readContainer, type Shared } from './container.ts';
import type { FieldReader } from './fields.ts';
import { JOB_KEYS, readJob } from './job.ts';
import { parseCount, parseDuration, parseSeconds, parseTruth } from './units.ts';

/** Seconds until the first of the retries, where the template does not say. */
const BACKOFF = 10;
const BACKOFF_LIMIT = 3600;
const RETRIES_LIMIT = 1000;
/** Seconds for what follows a failure, where the action itself has no limit. */
const HOOK_TIMEOUT = 300;

/** Keys that an action with a verb has no use for. */
const IMAGE_ONLY_KEYS = [...CONTAINER_KEYS, 'on-timeout', 'on-failure', 'retries'];
const ACTION_KEYS = ['name', 'timeout', 'verb', 'if', 'background', ...IMAGE_ONLY_KEYS, ...JOB_KEYS];
/** Keys that an action whose end nobody waits for has no use for. */
const AWAITED_KEYS = ['on-timeout', 'on-failure', 'retries'];
const RETRIES_KEYS = ['limit', 'backoff'];
const HOOK_KEYS = ['command', 'timeout'];

const ONCE: Retries = { limit: 0, backoff: BACKOFF };

/** One step of a task. */
export function readAction(read: FieldReader, item: Item, task: Shared): TemplateAction | undefined {
  const fields = read.map(item, 'an action (a map with name and image)', ACTION_KEYS);
  if (fields === undefined) return undefined;
  const { items } = fields;
  const name = read.name(read.required(fields, 'name'));
  const timeout = read.seconds(items.get('timeout'));
  const condition = readCondition(read, items.get('if'));
  const background = read.flag(items.get('background')) ?? false;
  const verb = items.get('verb');
  if (verb !== undefined) {
    const run = { kind: 'verb', verb: readVerb(read, fields, verb) } as const;
    const at = items.get('background');
    if (background && at !== undefined) {
      read.report(at, 'an action with a verb is always done after its report; leave background out');
    }
    return { name, timeout, condition, background: false, retries: ONCE, run };
  }
  const job = readJob(read, fields, { name, environment: task.environment });
  if (job !== undefined) {
    const at = items.get('background');
    if (background && at !== undefined)
      read.report(at, 'a Job is waited for: only a container can be in the background');
    const retries = readRetries(read, items.get('retries'));
    return { name, timeout, condition, background: false, retries, run: job };
  }
  if (background) read.refuseKeys(fields, AWAITED_KEYS, 'an action in the background');
  const noImage = 'the action has no image, nor a script, file, task or verb; give it one of them';
  const container = readContainer(read, fields, { task, noImage });
  const onTimeout = readHookCommand(read, items.get('on-timeout'), 'on-timeout', timeout);
  const onFailure = readHookCommand(read, items.get('on-failure'), 'on-failure', timeout);
  const retries = readRetries(read, items.get('retries'));
  const hooks = {
    ...(onTimeout === undefined ? {} : { onTimeout }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
  return { name, timeout, condition, background, retries, run: { kind: 'image', ...container, ...hooks } };
}

function readVerb(read: FieldReader, fields: Fields, item: Item): Verb {
  read.refuseKeys(fields, [...IMAGE_ONLY_KEYS, ...JOB_KEYS], 'an action with a verb');
  const text = read.checked(item, VERBS.join(' or '), (verb) => {
    if (VERBS.some((known) => known === verb)) return undefined;
    return `"${verb}" is no verb${didYouMean(verb, VERBS)}; there are: ${VERBS.join(', ')}`;
  });
  return VERBS.find((known) => known === text) ?? 'reboot';
}

/** An `if` that has come out empty says no, as in Go's templates; without one the action is always run. */
function readCondition(read: FieldReader, item: Item | undefined): boolean {
  if (item === undefined) return true;
  return read.isBlank(item) ? false : (read.parsed(item, 'true or false', parseTruth) ?? true);
}

/** `3`, or `{limit: 3, backoff: 5s}`. */
function readRetries(read: FieldReader, item: Item | undefined): Retries {
  if (item === undefined) return ONCE;
  const fields = read.isMap(item) ? read.map(item, 'a map with limit and backoff', RETRIES_KEYS) : undefined;
  const count = parseCount(0, RETRIES_LIMIT);
  const expected = 'a number of retries, or a map with limit and backoff';
  if (fields === undefined) return { ...ONCE, limit: read.parsed(item, expected, count) ?? 0 };
  const limit = read.parsed(read.required(fields, 'limit'), 'a number of retries', count) ?? 0;
  const backoff = read.parsed(fields.items.get('backoff'), 'seconds', (text) => {
    const seconds = parseDuration(text);
    if ('problem' in seconds || seconds.value <= BACKOFF_LIMIT) return seconds;
    return { problem: `${text} is more than an hour, the longest that is waited between two tries` };
  });
  return { limit, backoff: backoff ?? BACKOFF };
}

/** Tinkerbell's list of texts, or `{command: […], timeout: 60}`; undefined for none. */
function readHookCommand(
  read: FieldReader,
  item: Item | undefined,
  key: string,
  actionTimeout: number,
): HookCommand | undefined {
  if (item === undefined) return undefined;
  const usual = actionTimeout === 0 ? HOOK_TIMEOUT : actionTimeout;
  if (!read.isMap(item)) {
    const command = read.strings(item, key);
    return command.length === 0 ? undefined : { command, timeout: usual };
  }
  const fields = read.map(item, `a map with command and timeout`, HOOK_KEYS);
  if (fields === undefined) return undefined;
  const at = read.required(fields, 'command');
  const command = read.strings(at, 'command');
  if (at !== undefined && command.length === 0) read.report(at, 'the command is empty');
  const timeout = read.parsed(fields.items.get('timeout'), 'whole seconds', parseSeconds);
  return { command, timeout: timeout ?? usual };
}
