/**
 * What firmware, iPXE and installers fetch over HTTP: scripts, loaders, kernel, initrd, files. Firmware has no token, so
 * these need none; only the script that carries a boot's token goes to nobody but a machine that may boot now.
 */
import { type Request, type Response, Router } from 'express';
import { TinsmithError } from '../errors.ts';
import { fileSegment, type Segment } from '../http/files/index.ts';
import { remoteOf, type Sent, send } from '../http/index.ts';
import { isMac, normaliseMac } from '../machines/hardware.ts';
import type { Machines } from '../machines/machines.ts';
import { openRooted } from '../system/rooted.ts';
import { isOneOf, type Network } from './asker.ts';
import type { BootFiles } from './boot-files.ts';
import type { BootScripts, ScriptRequest } from './boot-scripts.ts';
import type { Environments } from './environments.ts';
import { fileRoutes } from './file-routes.ts';
import { ipxeScript } from './ipxe/index.ts';
import { WITHOUT_SERVICE } from './ipxe/scripts.ts';
import type { IsoShelf } from './iso/index.ts';
import { loaderSegment } from './loader-segments.ts';
import { isPlayedBy, PLAYED } from './played.ts';
import { type DiskPlan, diskSegments, planDisk, SIGNED_DISKS, type SignedDisk } from './signed-disk.ts';
import type { Texts } from './texts.ts';
import type { Trace, TraceEntry } from './trace.ts';

export interface BootRoutes extends Network {
  machines: Machines;
  /** What machines boot; those who write it for other loaders have the same one. */
  scripts: BootScripts;
  bootFiles: BootFiles;
  environments?: Environments | undefined;
  filesDirectory: string;
  isAdministrator(req: Request): boolean;
  texts?: Pick<Texts, 'find'> | undefined;
  /** Images whose content is served. */
  isos?: IsoShelf | undefined;
}

/** What a sending was for; comes back when it has ended. */
export interface About {
  mac: string;
  what: string;
  remote: string;
  /** Where a machine is only played. */
  playedBy?: string;
}

export function bootRoutes(parts: BootRoutes): Router {
  const { machines, trace, bootFiles, scripts } = parts;
  const routes = Router({ caseSensitive: true });

  const about = (req: Request, mac: string, what: string): About => ({
    ...{ mac, what, remote: remoteOf(req).address },
    ...(isPlayedBy(req.headers['user-agent']) && PLAYED),
  });

  routes.get('/boot/loaders/:name', (req, res) => sendLoader(req, res, '', req.params.name));
  routes.get('/boot/loaders/:mac/*name', (req, res) =>
    sendLoader(req, res, macOf(req.params.mac), (req.params.name as unknown as string[]).join('/')),
  );
  const sendLoader = async (req: Request, res: Response, mac: string, name: string): Promise<void> => {
    const content = bootFiles.loaders.get(name);
    // People may have set another loader for the machine, which is a file of theirs.
    const file = content ? undefined : await openRooted(parts.filesDirectory, name);
    if (file && 'refused' in file)
      throw new TinsmithError('NOT_FOUND', `There is no boot file ${name} here.`, {
        next: `There are: ${[...bootFiles.loaders.keys()].join(', ')}, and the files of ${parts.filesDirectory}.`,
      });
    // UEFI takes nothing else for a program (UEFI 2.10, section 24.7.3.2).
    const type = name.toLowerCase().endsWith('.efi') ? 'application/efi' : 'application/octet-stream';
    const segment = file ? await fileSegment(file.path) : await loaderSegment(name, content ?? Buffer.alloc(0));
    send(res, { status: 200, headers: { 'content-type': type }, segments: [segment] }, about(req, mac, name));
  };

  const askedBy = (req: Request, mac: string, what: string): Omit<ScriptRequest, 'services'> => {
    const { address: remote, local } = remoteOf(req);
    // Express answers HEAD too; neither that nor a look by the administrator may use up a token.
    const preview = req.method === 'HEAD' || parts.isAdministrator(req);
    return {
      mac,
      remote,
      what,
      preview,
      played: isPlayedBy(req.headers['user-agent']),
      server: `http://${local.address}:${local.port}`,
    };
  };

  routes.get('/boot/:mac/auto.ipxe', async (req, res) => {
    const mac = macOf(req.params.mac);
    const services = !req.url.endsWith(`?${WITHOUT_SERVICE}`);
    const script = await scripts.give({ ...askedBy(req, mac, 'auto.ipxe'), services }, ipxeScript);
    res.type('text/plain').set('cache-control', 'no-store').send(script);
  });

  const part = (name: string, segments: () => Promise<Segment[]>): void => {
    routes.get(`/boot/:mac/${name}`, async (req, res) => {
      const mac = macOf(req.params.mac);
      if (scripts.planFor(mac, false).plan.reason === 'unknown-machine') throw noMachine(mac);
      send(
        res,
        { status: 200, headers: { 'content-type': 'application/octet-stream' }, segments: await segments() },
        about(req, mac, name),
      );
    });
  };
  for (const name of Object.keys(SIGNED_DISKS) as SignedDisk[])
    routes.get(`/boot/:mac/${name}`, async (req, res) => {
      const mac = macOf(req.params.mac);
      let plan: DiskPlan | undefined;
      await scripts.give({ ...askedBy(req, mac, name), services: false }, async (admitted) => {
        plan = await planDisk(admitted, parts);
        return plan.config;
      });
      if (!plan) return;
      const headers = { 'content-type': 'application/vnd.efi-img', 'cache-control': 'no-store' };
      send(res, { status: 200, headers, segments: await diskSegments(name, plan, bootFiles) }, about(req, mac, name));
    });

  part('vmlinuz', () => bootFiles.kernel());
  part('osie.img', () => bootFiles.system());
  part('initrd.img', () => bootFiles.initrd());
  part('worker.cpio', () => bootFiles.worker());

  routes.use(fileRoutes(parts));

  routes.post('/phone-home/:mac', async (req, res) => {
    const mac = macOf(req.params.mac);
    const machine = machines.byMac(mac);
    if (!machine) throw noMachine(mac);
    const { address: remote } = remoteOf(req);
    const known =
      machine.hardware.network.interfaces.some(({ dhcp }) => dhcp.ip?.address === remote) ||
      isOneOf(machine, parts.neighbour(remote));
    if (!known) {
      trace.note({
        mac,
        role: 'system',
        what: 'phone-home',
        outcome: 'refused',
        reason: 'not-this-machine',
        sentence: `${remote} is not an address of ${machine.name}`,
        details: { remote },
      });
      throw new TinsmithError('FORBIDDEN', `${remote} is not an address of ${machine.name}.`, {
        next: `Call from the machine itself, or give its hardware data the address ${remote}.`,
      });
    }
    await machines.heard(machine.id);
    trace.note({
      mac,
      role: 'system',
      what: 'phone-home',
      outcome: 'completed',
      reason: 'system-heard',
      sentence: `the installed system of ${machine.name} has called home`,
      details: { remote },
    });
    res.status(204).end();
  });
  return routes;
}

/** Notes in the trace how a sending ended: a file counts as fetched only when it went out whole. */
export function noteSent(trace: Trace, sent: Sent, about: unknown): void {
  if (!isAbout(about) || about.mac === '') return;
  trace.note({
    mac: about.mac,
    role: 'http',
    what: about.what,
    ...endOf(sent, about.what),
    details: {
      ...{ bytes: sent.bytes, total: sent.total, ms: Math.round(sent.ms), remote: about.remote },
      ...(sent.range !== undefined && { range: sent.range }),
      ...(about.playedBy !== undefined && PLAYED),
    },
  });
}

/** What a sending came to. */
function endOf(
  { completed, aborted, head, status, bytes, total, range, ms }: Sent,
  what: string,
): Pick<TraceEntry, 'outcome' | 'reason' | 'sentence'> {
  if (!completed) {
    const sentence = `${what} broke off after ${bytes} of ${total} bytes`;
    return { outcome: 'failed', reason: aborted ? 'client-left' : 'not-sent', sentence };
  }
  const outcome = 'completed';
  if (status === 304)
    return { outcome, reason: 'not-changed', sentence: `${what} has not changed since it was fetched` };
  if (status >= 400) return { outcome, reason: 'not-given', sentence: `${what} was not given: HTTP status ${status}` };
  if (head) return { outcome, reason: 'size-only', sentence: `${what}: only its size was asked for (HEAD)` };
  const part = range ? ` (${range})` : ' whole';
  return { outcome, reason: 'sent', sentence: `${what} fetched${part}: ${bytes} bytes in ${(ms / 1000).toFixed(1)} s` };
}

function isAbout(about: unknown): about is About {
  return typeof about === 'object' && about !== null && 'mac' in about;
}

function noMachine(mac: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `No machine has the MAC address ${mac}.`, {
    next: `Add it: tinsmith machine add NAME --mac ${mac}`,
  });
}

function macOf(text: string | undefined): string {
  const mac = normaliseMac(text ?? '');
  if (isMac(mac)) return mac;
  throw new TinsmithError('NOT_FOUND', `${text} is not a MAC address.`, { next: 'Write it like 52:54:00:00:00:01.' });
}
