/** A container that is not written in a template but as a value, such as a step of a Task: by the rules of templates. Pure. */
import type { Problem } from '../../errors.ts';
import type { Container } from './document.ts';
import { CONTAINER_KEYS, readContainer } from './schema/container.ts';
import { FieldReader } from './schema/fields.ts';
import { HOLE } from './skeleton.ts';
import { YamlReader } from './yaml-reader.ts';

/** What it says, or what is wrong with it. Worth something only where there are no problems. */
export interface WrittenContainer {
  /** Undefined: it has no image, and is none. */
  container: Container | undefined;
  /** Seconds; 0 is no limit. */
  timeout: number;
  /** With the field of each, such as `volumes[0]`. */
  problems: Problem[];
}

/**
 * @param written the keys of an action, as far as they are about a container, and `timeout`
 * @param options.open texts with holes, which may be anything yet
 */
export function readWrittenContainer(written: object, { open = false } = {}): WrittenContainer {
  // JSON is YAML, and read as a template is all is text, whatever it was.
  const text = JSON.stringify(written, (_, value) =>
    open && typeof value === 'string' && value.includes('{{') ? HOLE : value,
  );
  const reader = new YamlReader(text, () => ({ line: 1, column: 1 }), HOLE);
  const read = new FieldReader(reader, {});
  const fields = reader.root && read.map(reader.root, 'a map', [...CONTAINER_KEYS, 'timeout']);
  const timeout = read.seconds(fields?.items.get('timeout'));
  const container = fields?.items.has('image') ? readContainer(read, fields) : undefined;
  const problems = reader.problems.map(({ field, message }) => ({ field, message }));
  return { container, timeout, problems };
}
