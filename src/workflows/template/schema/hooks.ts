import type { TemplateHook } from '../document.ts';
import type { Item } from '../yaml-reader.ts';
import { CONTAINER_KEYS, readContainer } from './container.ts';
import type { FieldReader } from './fields.ts';
import { readWorker } from './task.ts';

const HOOK_KEYS = ['name', 'worker', 'timeout', ...CONTAINER_KEYS];

/** The actions of `on_failure` or `on_timeout` (proposal 0010); one without name is called by the key and its place. */
export function readHooks(read: FieldReader, item: Item | undefined, key: 'on_failure' | 'on_timeout'): TemplateHook[] {
  const list = { what: `a list of actions for ${key}`, one: 'action' };
  return read.named(item, list, (element, index) => {
    const fields = read.map(element, 'an action (a map with image)', HOOK_KEYS);
    if (fields === undefined) return undefined;
    const name = fields.items.get('name');
    const worker = fields.items.get('worker');
    return {
      name: name === undefined ? `${key}-${index + 1}` : read.name(name),
      ...(worker === undefined || read.isBlank(worker) ? {} : { worker: readWorker(read, worker) }),
      timeout: read.seconds(fields.items.get('timeout')),
      run: { kind: 'image', ...readContainer(read, fields) },
    };
  });
}
