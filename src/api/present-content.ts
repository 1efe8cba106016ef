/** Objects of content and packs as the API shows them. */
import { type Content, nameOf, type Objects, type PackInfo as PackRecord, type Section } from '../content/index.ts';
import type { ContentObject, PackInfo } from './types.ts';

const maybeIso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

/** An object, with where it comes from. */
export function presentObject(content: Content, section: Section, object: Objects[Section]): ContentObject {
  const name = nameOf(object);
  // What has just been deleted was local.
  const { layer, pack, updatedAt } = content.origin(section, name) ?? { layer: 'local' };
  return { section, name, layer, pack, updatedAt: maybeIso(updatedAt), object };
}

/** What there is to say about a pack. */
export function presentPack({
  name,
  version,
  description,
  objects,
  unsupported,
  layer,
  updatedAt,
}: PackRecord): PackInfo {
  return { name, version, description, objects, unsupported, layer, updatedAt: maybeIso(updatedAt) };
}
