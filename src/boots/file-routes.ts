/** Files of the served directory, those of boot environments among them, and what is in ISO images. */
import { type Request, type Response, Router } from 'express';
import { TinsmithError } from '../errors.ts';
import { type Segment, wholeFile } from '../http/files/index.ts';
import { type FileRoutes, remoteOf, send } from '../http/index.ts';
import { openRooted } from '../system/rooted.ts';
import { macBehind } from './asker.ts';
import { BOOTENVS } from './environments.ts';
import { ISOS, inImages, openInImages } from './iso/index.ts';
import { isPlayedBy, PLAYED } from './played.ts';
import type { About, BootRoutes } from './routes.ts';
import { sendText } from './text-routes.ts';

/** Files of the served directory, for who sends them past express: below the same path, the same answer. */
export function filesByPath(parts: Pick<BootRoutes, 'filesDirectory' | 'machines' | 'neighbour'>): FileRoutes {
  return {
    folders: [{ path: FILES, directory: parts.filesDirectory, headers: WHOLE.headers }],
    about: ({ path, client, userAgent }) =>
      aboutFile(parts, path.slice(FILES.length), { client, isPlayed: isPlayedBy(userAgent) }),
  };
}

const FILES = '/files/';
const WHOLE = { status: 200, headers: { 'content-type': 'application/octet-stream' } };

const aboutFile = (
  parts: Pick<BootRoutes, 'machines' | 'neighbour'>,
  name: string,
  { client, isPlayed }: { client: string; isPlayed: boolean },
): About => ({
  mac: macBehind(parts, parts.machines, client),
  what: name,
  remote: client,
  ...(isPlayed && PLAYED),
});

export function fileRoutes(parts: BootRoutes): Router {
  const routes = Router({ caseSensitive: true });
  const { filesDirectory, machines, isos, environments } = parts;

  const sendSegments = (req: Request, res: Response, name: string, segments: Segment[]): void => {
    const asker = { client: remoteOf(req).address, isPlayed: isPlayedBy(req.headers['user-agent']) };
    send(res, { ...WHOLE, segments }, aboutFile(parts, name, asker));
  };
  const sendFile = async (req: Request, res: Response, name: string): Promise<TinsmithError | undefined> => {
    const found = await openRooted(filesDirectory, name);
    if ('refused' in found)
      return new TinsmithError('NOT_FOUND', found.sentence, { next: `Files are served from ${filesDirectory}.` });
    sendSegments(req, res, name, [wholeFile(found)]);
    return undefined;
  };
  /** @returns why nothing was sent; undefined: the path has to do with no image */
  const sendFromImage = async (
    req: Request,
    res: Response,
    name: string,
  ): Promise<'sent' | TinsmithError | undefined> => {
    const machine = machines.byMac(macBehind(parts, machines, remoteOf(req).address));
    const places = inImages(name, (bootEnv) => environments?.isosOf(bootEnv, machine) ?? []);
    const found = isos && (await openInImages(isos, places));
    if (!found) return undefined;
    if ('refused' in found)
      return new TinsmithError('NOT_FOUND', found.sentence, { next: 'See which images there are: tinsmith iso list' });
    await found.handle.close();
    sendSegments(req, res, name, found.segments);
    return 'sent';
  };

  routes.get(`${FILES}*path`, async (req, res) => {
    const missing = await sendFile(req, res, nameIn(req));
    if (missing) throw missing;
  });

  routes.get(`/${ISOS}/*path`, async (req, res) => {
    const name = `${ISOS}/${nameIn(req)}`;
    const outcome = await sendFromImage(req, res, name);
    if (outcome === undefined) throw notListed(req);
    if (outcome !== 'sent') throw outcome;
  });

  // Kernels and the like; what is not there may be a text that is made for the machine, or a file of an image.
  routes.get(`/${BOOTENVS}/*path`, async (req, res) => {
    const name = `${BOOTENVS}/${nameIn(req)}`;
    const missing = await sendFile(req, res, name);
    if (!missing || (await sendText(parts, req, res, name)) === 'sent') return;
    const outcome = await sendFromImage(req, res, name);
    if (outcome !== 'sent') throw outcome ?? missing;
  });

  for (const folder of ['files', ISOS, BOOTENVS])
    routes.get(`/${folder}{/}`, (req) => {
      throw notListed(req);
    });
  return routes;
}

function notListed({ path }: Request): TinsmithError {
  return new TinsmithError('NOT_FOUND', `${path} is a directory, and directories are not listed.`, {
    next: 'Ask for a file by its whole path. The administrator sees them all: tinsmith file list, tinsmith iso list',
  });
}

function nameIn(req: Request): string {
  return (req.params.path as unknown as string[]).join('/');
}
