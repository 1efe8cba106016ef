import { routesOf } from '../../../services/labels.ts';
import type { Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';

/** Labels as `key=value`, from a list of such texts or a map. The same key may come several times in a list. */
export function readLabels(read: FieldReader, item: Item | undefined): string[] {
  if (item === undefined) return [];
  const labels = read.isMap(item) ? fromMap(read, item) : fromList(read, item);
  checkRoutes(read, labels);
  return labels.map(({ text }) => text);
}

/**
 * Reports what is wrong with routing labels. While some are not known yet, only rules can be judged, each by itself.
 */
function checkRoutes(read: FieldReader, labels: readonly Label[]): void {
  const known = labels.filter(({ text }) => !read.isOpen(text));
  const groups =
    known.length === labels.length ? [labels] : known.filter(({ text }) => RULE.test(text)).map((l) => [l]);
  for (const group of groups) {
    for (const { label, message } of routesOf(group.map(({ text }) => text)).problems) {
      const item = group[label]?.item;
      if (item !== undefined) read.report(item, message);
    }
  }
}

const RULE = /^[^=]+\.rule=/;

interface Label {
  text: string;
  item: Item;
}

function fromList(read: FieldReader, item: Item): Label[] {
  return read.list(item, 'a list of labels, such as labels: ["key=value"]').map((element) => {
    const text = read.checked(element, 'key=value', (label) => {
      return /^[^=\s]+=/.test(label) ? undefined : `"${label}" is no label; write key=value`;
    });
    return { text, item: element };
  });
}

function fromMap(read: FieldReader, item: Item): Label[] {
  return [...(read.optionalMap(item, 'a map of labels')?.items ?? [])].map(([key, value]) => {
    if (!/^[^=\s]+$/.test(key)) read.report(value, `"${key}" is no key of a label`);
    return { text: `${key}=${read.text(value, 'a text, number or boolean')}`, item: value };
  });
}
