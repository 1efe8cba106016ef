import type { RestartPolicy } from '../document.ts';
import { didYouMean } from '../nearest.ts';
import type { Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';
import { type Parsed, parseCount } from './units.ts';

const RESTART_KEYS = ['policy', 'limit'];
const LIMIT = 1_000_000;
/** Docker's names, and `never`, by what is done. A workflow's services are stopped with it, so `unless-stopped` is `always`. */
const POLICIES: ReadonlyMap<string, RestartPolicy['when']> = new Map([
  ['no', 'never'],
  ['never', 'never'],
  ['on-failure', 'on-failure'],
  ['always', 'always'],
  ['unless-stopped', 'always'],
]);
const USUAL: RestartPolicy = { when: 'on-failure' };

/** `on-failure:3`, or `{policy: on-failure, limit: 3}`. */
export function readRestart(read: FieldReader, item: Item | undefined): RestartPolicy {
  if (item === undefined) return USUAL;
  const fields = read.isMap(item) ? read.map(item, 'a map with policy and limit', RESTART_KEYS) : undefined;
  if (fields === undefined) return read.parsed(item, 'a restart policy, such as on-failure:3', parsePolicy) ?? USUAL;
  const policy = read.parsed(read.required(fields, 'policy'), 'a restart policy', parsePolicy) ?? USUAL;
  const at = fields.items.get('limit');
  const limit = read.parsed(at, 'a number', parseCount(0, LIMIT));
  if (limit === undefined || at === undefined) return policy;
  if (policy.when === 'never') read.report(at, 'a service that is never restarted has no limit of restarts');
  if (policy.limit !== undefined) read.report(at, `the policy has a limit already, ${policy.limit}; give it once`);
  return { when: policy.when, limit };
}

function parsePolicy(text: string): Parsed<RestartPolicy> {
  const [name = '', ...rest] = text.split(':');
  const when = POLICIES.get(name);
  const names = [...POLICIES.keys()];
  if (when === undefined) {
    return { problem: `"${name}" is no restart policy${didYouMean(name, names)}; there are: ${names.join(', ')}` };
  }
  if (rest.length === 0) return { value: { when } };
  if (when !== 'on-failure') return { problem: `only on-failure has a limit, as in on-failure:3, not ${name}` };
  const limit = parseCount(0, LIMIT)(rest.join(':'));
  return 'problem' in limit ? { problem: `the limit ${limit.problem}` } : { value: { when, limit: limit.value } };
}
