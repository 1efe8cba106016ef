/** Which files of images stand behind the paths that machines ask for, over HTTP and TFTP alike. */
import { BOOTENVS } from '../environments.ts';
import { ISOS, type NotInIso } from './images.ts';
import type { IsoNeed, IsoShelf } from './shelf.ts';

/** A file of an image that a path may mean; `need` where the path is one of a boot environment. */
export interface InImage {
  iso: string;
  inside: string;
  need?: IsoNeed | undefined;
}

/**
 * The files of images that a path may mean: `isos/IMAGE/…` is what is in an image, and below `bootenvs/ENVIRONMENT/` is what
 * is in the images of an environment.
 * @param path without a slash in front
 */
export function inImages(path: string, isosOf: (bootEnv: string) => readonly IsoNeed[]): InImage[] {
  const [folder, name = '', ...rest] = path.split('/');
  if (rest.length === 0) return [];
  const inside = rest.join('/');
  switch (folder) {
    case ISOS:
      return [{ iso: name, inside }];
    case BOOTENVS:
      return isosOf(name).map((need) => ({ iso: need.iso, inside, need }));
    default:
      return [];
  }
}

/**
 * Opens the first that there is. The caller closes its handle. Where there is none, the refusal says the most that is known;
 * undefined: the path means no image. Never rejects.
 */
export async function openInImages(
  shelf: IsoShelf,
  places: readonly InImage[],
): Promise<Awaited<ReturnType<IsoShelf['open']>> | undefined> {
  let refusal: NotInIso | undefined;
  for (const { iso, inside, need } of places) {
    const why = need && shelf.refusalNow(need);
    const found: Awaited<ReturnType<IsoShelf['open']>> =
      why === undefined ? await shelf.open(iso, inside) : { refused: 'bad-image', sentence: `Not served: ${why}.` };
    if (!('refused' in found)) return found;
    if (refusal === undefined || found.refused === 'bad-image') refusal = found;
  }
  return refusal;
}
