/**
 * What firmware, iPXE and installers fetch over HTTP: scripts, loaders, kernel, initrd, files. Firmware has no token, so
 * these need none; only the script that carries a boot's token goes to nobody but a machine that may boot now.
 */
import { type Request, Router } from 'express';
import { TinsmithError } from '../errors.ts';
import type { Segment } from '../http/files/index.ts';
import { remoteOf, type Sent, send } from '../http/index.ts';
import { normaliseMac } from '../machines/hardware.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import { isOneOf, notThisCard, notThisMachine } from './asker.ts';
import type { BootFiles } from './boot-files.ts';
import type { Environments } from './environments.ts';
import { fileRoutes } from './file-routes.ts';
import { scriptOfEnvironment } from './ipxe/environment.ts';
import { PREVIEW_TOKEN, scriptOf, WITHOUT_SERVICE } from './ipxe/scripts.ts';
import type { IsoShelf } from './iso/index.ts';
import { type AutoIpxe, type BootPlan, plan, type UnknownPolicy } from './plan.ts';
import type { Texts } from './texts.ts';
import type { Role, Trace } from './trace.ts';

export interface BootRoutes {
  machines: Machines;
  trace: Trace;
  bootFiles: BootFiles;
  filesDirectory: string;
  /** Extra kernel arguments for the OSIE and boot environments. */
  kernelArguments: string[];
  /** Port on which we hear syslog. */
  syslog?: number | undefined;
  issueToken(machine: string): Promise<string>;
  /** Makes a token for a machine that nobody knows, which opens its discovery and nothing else. */
  issueUnknownToken(mac: string): Promise<string>;
  /** What becomes of machines that nobody knows; ignored by default. */
  unknown?: UnknownPolicy | undefined;
  isAdministrator(req: Request): boolean;
  /** MAC address behind an IP address on a network of ours, as the kernel knows it. */
  neighbour(address: string): string | undefined;
  /** The boot script that a service of the machine's next workflow has. */
  autoIpxe?(machine: string): AutoIpxe | undefined;
  environments?: Environments | undefined;
  texts?: Pick<Texts, 'find'> | undefined;
  /** Images whose content is served. */
  isos?: IsoShelf | undefined;
}

/** What a sending was for; comes back when it has ended. */
export interface About {
  mac: string;
  what: string;
  remote: string;
}

export function bootRoutes(parts: BootRoutes): Router {
  const { machines, trace, bootFiles } = parts;
  const routes = Router({ caseSensitive: true });

  const planFor = (mac: string, withServices: boolean): { plan: BootPlan; machine: Machine | undefined } => {
    const machine = machines.byMac(mac);
    if (!machine) return { machine, plan: plan(undefined, parts.unknown) };
    const autoIpxe = withServices ? parts.autoIpxe?.(machine.id) : undefined;
    const life = parts.environments?.lifeOf(machine.id);
    return { machine, plan: plan({ machine, mac, work: machines.work(machine.id), autoIpxe, life }) };
  };
  const about = (req: Request, mac: string, what: string): About => ({ mac, what, remote: remoteOf(req).address });

  routes.get('/boot/loaders/:name', (req, res) => sendLoader(req, res, ''));
  routes.get('/boot/loaders/:mac/:name', (req, res) => sendLoader(req, res, macOf(req.params.mac)));
  const sendLoader = (req: Request, res: Parameters<typeof send>[0], mac: string): void => {
    const name = String(req.params.name);
    const content = bootFiles.loaders.get(name);
    if (!content)
      throw new TinsmithError('NOT_FOUND', `There is no boot file ${name} here.`, {
        next: `There are: ${[...bootFiles.loaders.keys()].join(', ')}.`,
      });
    const type = name.endsWith('.efi') ? 'application/efi' : 'application/octet-stream';
    send(
      res,
      { status: 200, headers: { 'content-type': type }, segments: [{ kind: 'bytes', bytes: content }] },
      about(req, mac, name),
    );
  };

  routes.get('/boot/:mac/auto.ipxe', async (req, res) => {
    const mac = macOf(req.params.mac);
    const { plan: decided, machine } = planFor(mac, !req.url.endsWith(`?${WITHOUT_SERVICE}`));
    const autoIpxe = decided.boot === 'osie' ? decided.autoIpxe : undefined;
    const { address: remote, local } = remoteOf(req);
    const environment = decided.boot === 'environment' ? decided.environment : undefined;
    const note = (outcome: 'answered' | 'refused' | 'ignored', reason: string, sentence: string): void =>
      trace.note({
        mac,
        role: 'script',
        what: 'auto.ipxe',
        outcome,
        reason,
        sentence,
        details: {
          boot: decided.boot,
          ...(environment !== undefined && { environment }),
          ...(autoIpxe && { service: autoIpxe.state }),
          remote,
        },
      });
    if (decided.boot === 'nothing') {
      note('ignored', decided.reason, decided.sentence);
      throw new TinsmithError('NOT_FOUND', `There is no script for ${mac}: ${decided.sentence}.`, {
        next: `See why: tinsmith explain ${mac}`,
      });
    }
    // Express answers HEAD here too; neither that nor a look by the administrator may use up a token.
    const preview = req.method === 'HEAD' || parts.isAdministrator(req);
    const isSecret = decided.boot === 'osie' || decided.boot === 'environment';
    const stranger = (): string | undefined =>
      machine ? notThisMachine(parts, machine, mac, remote) : notThisCard(parts, mac, remote);
    const strange = isSecret && !preview ? stranger() : undefined;
    if (strange !== undefined) {
      const name = machine?.name ?? mac;
      note('refused', 'not-this-machine', strange);
      throw new TinsmithError('FORBIDDEN', `The script of ${name} is for the machine itself: ${strange}.`, {
        next: `See it with: tinsmith explain ${name}`,
      });
    }
    // What a service boots may need nothing of ours.
    const missing = decided.boot === 'osie' && !autoIpxe ? bootFiles.missing() : undefined;
    if (missing !== undefined) {
      note('refused', 'no-osie', missing);
      // Whatever is missing for the kernel is said there, with what to do.
      await bootFiles.kernel();
    }
    const issue = async (): Promise<string> => {
      if (preview) return PREVIEW_TOKEN;
      return machine ? parts.issueToken(machine.id) : parts.issueUnknownToken(mac);
    };
    const { kernelArguments, syslog } = parts;
    const facts = { server: `http://${local.address}:${local.port}`, mac, arguments: kernelArguments, syslog };
    const give = (script: string): void => {
      note('answered', decided.reason, decided.sentence);
      res.type('text/plain').set('cache-control', 'no-store').send(script);
    };
    if (decided.boot !== 'environment') {
      const token = decided.boot === 'osie' && autoIpxe?.state !== 'starting' ? await issue() : PREVIEW_TOKEN;
      give(scriptOf(decided, { ...facts, token }));
      return;
    }
    // Only a machine that is known has one.
    if (!machine) throw noMachine(mac);
    try {
      give(await scriptOfEnvironment(parts.environments, machine, decided.environment, facts, issue));
    } catch (error) {
      if (error instanceof TinsmithError)
        note('refused', error.code === 'INVALID_INPUT' ? 'template' : 'no-environment', error.message);
      throw error;
    }
  });

  const part = (name: string, segments: () => Promise<Segment[]>): void => {
    routes.get(`/boot/:mac/${name}`, async (req, res) => {
      const mac = macOf(req.params.mac);
      if (planFor(mac, false).plan.reason === 'unknown-machine') throw noMachine(mac);
      send(
        res,
        { status: 200, headers: { 'content-type': 'application/octet-stream' }, segments: await segments() },
        about(req, mac, name),
      );
    });
  };
  part('vmlinuz', () => bootFiles.kernel());
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
  const whole = sent.completed && sent.bytes === sent.total;
  const role: Role = 'http';
  const seconds = (sent.ms / 1000).toFixed(1);
  trace.note({
    mac: about.mac,
    role,
    what: about.what,
    outcome: sent.completed ? 'completed' : 'failed',
    reason: sent.completed ? 'sent' : sent.aborted ? 'client-left' : 'not-sent',
    sentence: whole
      ? `${about.what} fetched${sent.range ? ` (${sent.range})` : ' whole'}: ${sent.bytes} bytes in ${seconds} s`
      : `${about.what} broke off after ${sent.bytes} of ${sent.total} bytes`,
    details: {
      ...{ bytes: sent.bytes, total: sent.total, ms: Math.round(sent.ms), remote: about.remote },
      ...(sent.range !== undefined && { range: sent.range }),
    },
  });
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
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return mac;
  throw new TinsmithError('NOT_FOUND', `${text} is not a MAC address.`, { next: 'Write it like 52:54:00:00:00:01.' });
}
