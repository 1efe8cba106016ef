/** All that a boot asks of the servers, measured in one run beside what others use for the same. */
import { join } from 'node:path';
import type { BootsPart } from '../arguments.ts';
import type { Row } from '../report.ts';
import { benchBoot } from './boot.ts';
import { benchDhcp, benchStorm } from './dhcp.ts';
import { Field, type Server } from './field.ts';
import { makeFiles } from './files.ts';
import { benchHttp } from './http.ts';
import { benchMemory } from './memory.ts';
import { startOurs } from './ours.ts';
import { benchTftp } from './tftp.ts';
import { benchTftpLoss } from './tftp-loss.ts';
import { startTftpPeer, type TftpPeer } from './tftp-peers.ts';

/**
 * Measures one part after another.
 *
 * @param folders with programs beside those of the PATH
 * @param progress told what is being measured
 */
export async function benchBoots(
  folders: readonly string[],
  parts: readonly BootsPart[],
  progress: (text: string) => void,
): Promise<Row[]> {
  const field = new Field(folders);
  try {
    const files = await makeFiles(join(field.folder, 'files'));
    let ours: Promise<Server> | undefined;
    const running = (): Promise<Server> => {
      ours ??= startOurs(field, files);
      return ours;
    };
    const peers = new Map<TftpPeer, Promise<Server>>();
    const startPeer = (name: TftpPeer): Promise<Server> => {
      const server = peers.get(name) ?? startTftpPeer(field, name, files);
      peers.set(name, server);
      return server;
    };
    const measure: Record<BootsPart, () => Promise<Row[]>> = {
      dhcp: () => benchDhcp(field, files, progress),
      storm: () => benchStorm(field, files, progress),
      tftp: async () => benchTftp(field, await running(), startPeer, progress),
      loss: async () => {
        await running();
        return benchTftpLoss(field, startPeer, progress);
      },
      http: async () => benchHttp(field, await running(), files, progress),
      memory: async () => {
        // It has the ports.
        await (await ours)?.stop();
        return benchMemory(field, files, progress);
      },
      boot: () => benchBoot(progress),
    };
    const rows: Row[] = [];
    for (const part of parts) rows.push(...(await measure[part]()));
    return rows;
  } finally {
    await field.remove();
  }
}
