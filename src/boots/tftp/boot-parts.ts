/** What loaders other than iPXE fetch by TFTP for a machine: its configuration, kernel and in-memory system. */
import { open } from 'node:fs/promises';
import { TinsmithError } from '../../errors.ts';
import type { Segment } from '../../http/files/index.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import type { BootFiles } from '../boot-files.ts';
import type { BootScripts } from '../boot-scripts.ts';
import type { LoaderConfigs } from '../loader-configs/index.ts';
import type { TftpFiles, TftpFound, TftpRefusal } from './files.ts';

/** As over HTTP, where the same names are. */
const PART = /^\/*boot\/([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})\/(vmlinuz|osie\.img)$/i;

/** Kernel and in-memory system, `boot/MAC/…`; there is nothing secret in them. */
export function osieFiles(
  bootFiles: Pick<BootFiles, 'kernel' | 'system'>,
  scripts: Pick<BootScripts, 'planFor'>,
): TftpFiles {
  return async (name) => {
    const [, mac, what] = PART.exec(name) ?? [];
    if (mac === undefined || what === undefined) return nothing(name);
    if (scripts.planFor(normaliseMac(mac), false).plan.reason === 'unknown-machine')
      return { refused: 'not-found', sentence: `no machine has the MAC address ${mac}` };
    try {
      return await fileOf(await (what.toLowerCase() === 'vmlinuz' ? bootFiles.kernel() : bootFiles.system()));
    } catch (error) {
      if (error instanceof TinsmithError) return { refused: 'not-found', sentence: error.message };
      throw error;
    }
  };
}

/**
 * The configuration that a loader asks for.
 *
 * @param serverUrl the URL by which a machine with this address reaches us
 */
export function configFiles(configs: Pick<LoaderConfigs, 'find'>, serverUrl: (address: string) => string): TftpFiles {
  return async (name, { address }) => {
    const answer = await configs.find(name, { address, server: serverUrl(address), protocol: 'tftp', preview: false });
    switch (answer.kind) {
      case 'text': {
        const buffer = Buffer.from(answer.text);
        return { found: { size: buffer.length, buffer } };
      }
      case 'refused':
        return { refused: refusalOf(answer.error), sentence: answer.error.message };
      case 'none':
        return nothing(name);
    }
  };
}

function nothing(name: string): TftpRefusal {
  return { refused: 'not-found', sentence: `there is no file ${JSON.stringify(name)}` };
}

function refusalOf({ code }: TinsmithError): TftpRefusal['refused'] {
  return code === 'FORBIDDEN' ? 'not-allowed' : code === 'INVALID_INPUT' ? 'template' : 'not-found';
}

/** Both are files as they are. */
async function fileOf([segment]: readonly Segment[]): Promise<TftpFound> {
  if (segment?.kind === 'bytes') return { found: { size: segment.bytes.length, buffer: segment.bytes } };
  if (segment === undefined) return { found: { size: 0, buffer: Buffer.alloc(0) } };
  return { found: { size: segment.length, handle: await open(segment.path) } };
}
