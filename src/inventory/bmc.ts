/** The machine's management controller, asked by IPMI from within. */
import { open } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { runProgram } from '../run-program.ts';
import { type Inventory, plainMac } from './inventory.ts';
import type { Tree } from './tree.ts';

/** Runs a program; undefined when there is none, when it fails, and when it takes too long. */
export type Run = (program: string, args: string[]) => Promise<string | undefined>;

const DEVICE = 'dev/ipmi0';
/** LAN channels: 1 on nearly all, 8 on some of Intel's, 2 and 3 where the first is the shared port. */
const CHANNELS = ['1', '2', '3', '8'];
const LIMIT_MS = 5_000;

/** Runs programs of this machine. */
export const runHere: Run = (program, args) =>
  runProgram(program, args, { timeout: LIMIT_MS, maxBuffer: 1 << 20, killSignal: 'SIGKILL' }).catch(() => undefined);

/** Undefined: there is none, or nothing here to ask it. `denied` when only root may. */
export async function readBmc(tree: Tree, run: Run): Promise<{ bmc?: Inventory['bmc']; denied?: boolean }> {
  if (!(await tree.exists(DEVICE))) return {};
  // Opened as ipmitool will do it.
  const mayAsk = await open(tree.path(DEVICE), 'r+').then(
    (file) => file.close().then(() => true),
    () => false,
  );
  if (!mayAsk) return { denied: true };
  for (const channel of CHANNELS) {
    const said = await run('ipmitool', ['lan', 'print', channel]);
    const bmc = said === undefined ? undefined : parseLan(said);
    if (bmc !== undefined) return { bmc };
  }
  return {};
}

/** What `ipmitool lan print` says; undefined: no address and no MAC. */
export function parseLan(text: string): Inventory['bmc'] {
  const field = (name: string): string | undefined => new RegExp(`^${name}\\s*: (\\S+)\\s*$`, 'm').exec(text)?.[1];
  const said = field('IP Address');
  const address = said !== undefined && isIPv4(said) && said !== '0.0.0.0' ? said : undefined;
  const mac = plainMac(field('MAC Address'));
  return address === undefined && mac === undefined ? undefined : { address, mac };
}
