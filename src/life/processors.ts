/**
 * Which processor a machine has: the one place that says so. Its hardware data count where they name one, then what its
 * firmware said last, then what its worker found; and where nobody has said anything it is taken for an x86-64 PC.
 */
import type { SaidProcessor } from '../boots/processor.ts';
import type { Machine } from '../machines/machines.ts';

/** Digital Rebar's names of architectures, by others that are in use. */
const PLAIN: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  x64: 'amd64',
  i386: '386',
  i686: '386',
  x86: '386',
  aarch64: 'arm64',
  loongarch64: 'loong64',
};

/** An architecture by the name that Digital Rebar has for it. */
export function plainArch(name: string): string {
  const lower = name.toLowerCase();
  return PLAIN[lower] ?? lower;
}

/** What a machine is taken for where nothing is known of it. */
export const USUAL_ARCH = 'amd64';

export interface Processor {
  /** As Digital Rebar names it: `amd64`, `arm64`. */
  arch: string;
  /** What that rests on, to go on with a sentence; undefined: hardware data, where people expect it. */
  because?: string;
}

/** Who knows more of machines than their hardware data. */
export interface ProcessorSources {
  /** What its firmware said last. */
  firmware(machine: Machine): SaidProcessor | undefined;
  /** The architecture that its worker found. */
  inventory(machine: Machine): string | undefined;
}

export class Processors {
  readonly #sources: ProcessorSources;

  constructor(sources: ProcessorSources) {
    this.#sources = sources;
  }

  of(machine: Machine): Processor {
    const named = machine.hardware.network.interfaces.find(({ dhcp }) => dhcp.arch)?.dhcp.arch;
    if (named) return { arch: plainArch(named) };
    const unnamed = 'as its hardware data names no arch, and';
    const firmware = this.#sources.firmware(machine);
    if (firmware) return { arch: firmware.processor, because: `${unnamed} its firmware is ${firmware.said}` };
    const found = this.#sources.inventory(machine);
    if (found) return { arch: plainArch(found), because: `${unnamed} its worker found ${found}` };
    return { arch: USUAL_ARCH, because: `${unnamed} its firmware has not said otherwise` };
  }

  /** The same while a firmware asks that says this of itself. */
  askedBy(firmware: SaidProcessor | undefined): Processors {
    return new Processors({ inventory: (machine) => this.#sources.inventory(machine), firmware: () => firmware });
  }
}
