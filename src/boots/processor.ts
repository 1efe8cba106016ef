/** Which processor firmware has said that it runs on, by DHCP option 93, and where that is nothing registered, option 60. */
import { codeInVendorClass, inWords, processorOfCode } from './architectures.ts';
import { isPlayed } from './played.ts';
import { isRaspberryPi } from './raspberry-pi.ts';
import type { Trace, TraceEntry } from './trace.ts';

/** A processor in Go's words (GOARCH), and for people what that is taken from. */
export interface SaidProcessor {
  processor: string;
  said: string;
}

/** What firmware said last of its processor, on any of a machine's MAC addresses. */
export function processorSeen(trace: Pick<Trace, 'of'>, macs: readonly string[]): SaidProcessor | undefined {
  const last = macs.flatMap((mac) => {
    const entry = trace
      .of(mac)
      .findLast((each) => each.role === 'dhcp' && each.details.architecture !== undefined && !isPlayed(each));
    return entry === undefined ? [] : [entry];
  });
  const [newest] = last.sort((a, b) => b.time - a.time);
  return newest && processorIn(newest);
}

/** What a firmware says of its processor by its codes, the most wanted first. */
export function processorOfCodes(codes: readonly number[], mac: string): SaidProcessor | undefined {
  for (const code of codes) {
    const processor = processorOfCode(code);
    if (processor === undefined) continue;
    // It says that it is a BIOS PC. Models that boot from the network by themselves are 64-bit.
    if (isRaspberryPi(mac) && processor === 'amd64') return { processor: 'arm64', said: 'a Raspberry Pi' };
    return { processor, said: inWords(code) };
  }
  return undefined;
}

function processorIn({ mac, details: { architecture, vendorClass } }: TraceEntry): SaidProcessor | undefined {
  const inClass = codeInVendorClass(typeof vendorClass === 'string' ? vendorClass : undefined);
  const codes = String(architecture).split(',').map(Number);
  return processorOfCodes(inClass === undefined ? codes : [...codes, inClass], mac);
}
