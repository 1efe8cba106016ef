/** Content packs that are part of the executable. */
import { type Pack, parsePack } from '../content/index.ts';
import { readEmbedded } from '../executable/embedded.ts';

/** Their names, and those of their files. */
export const SHIPPED = ['discover', 'wipe', 'image-install'] as const;

let read: readonly Pack[] | undefined;

/** The packs that are there from the start. */
export function shippedPacks(): readonly Pack[] {
  read ??= SHIPPED.map((name) => parsePack(readEmbedded(`packs/${name}.yaml`).toString('utf8')));
  return read;
}
