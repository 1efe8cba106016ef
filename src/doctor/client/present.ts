/** What firmware was given, for people and programs: `tinsmith doctor --client`. Texts from the network are as sent. */
import type { Answer } from '../../boots/dhcp-client/index.ts';
import type { Finding } from '../finding.ts';
import type { Boot } from './boot.ts';
import { judgeBoot } from './judge.ts';
import { nameOf, programOf } from './program.ts';

export interface BootView {
  firmware: string;
  title: string;
  architecture: number;
  mac: string;
  /** Who answered, and with what. */
  answers: {
    type: string;
    server: string;
    mac: string;
    address?: string | undefined;
    bootFile?: string | undefined;
    vendorClass?: string | undefined;
  }[];
  address?: {
    address: string;
    router?: string | undefined;
    seconds?: number | undefined;
    server: string;
    mac: string;
    taken: boolean;
  };
  bootFile?: {
    name: string;
    protocol: string;
    host?: string;
    server: string;
    mac: string;
    told: 'offer' | 'ack' | 'boot-server';
  };
  fetched?: { bytes: number; ms: number; what: string; options?: string | undefined; contentType?: string | undefined };
  findings: Finding[];
}

/** @param run all that were played with it */
export function present(boot: Boot, run: readonly Boot[]): BootView {
  const { firmware, mac, answers, selection, taken, file, fetched } = boot;
  const { lease } = selection;
  return {
    ...{ firmware: firmware.name, title: firmware.title, architecture: firmware.architecture, mac },
    answers: distinct(answers.map(viewOf)),
    ...(lease?.lease && {
      address: {
        ...{ address: lease.lease.address, router: lease.lease.router, seconds: lease.lease.seconds },
        ...{ server: lease.server, mac: lease.mac, taken: taken?.ok === true },
      },
    }),
    ...(file && {
      bootFile: {
        name: file.place.protocol === 'http' ? file.place.url : file.place.file,
        protocol: file.place.protocol,
        ...(file.place.protocol === 'tftp' && { host: file.place.host }),
        ...{ server: file.toldBy.server, mac: file.toldBy.mac, told: file.how },
      },
    }),
    ...(fetched?.ok && {
      fetched: {
        ...{ bytes: fetched.bytes, ms: fetched.ms, what: nameOf(programOf(fetched.head)) },
        ...{ options: fetched.options, contentType: fetched.contentType },
      },
    }),
    findings: judgeBoot(boot, run),
  };
}

function viewOf({ type, server, mac, lease, boot }: Answer): BootView['answers'][number] {
  return { type, server, mac, address: lease?.address, bootFile: boot?.file, vendorClass: boot?.vendorClass };
}

/** A server that was asked twice answers twice. */
function distinct<T>(views: readonly T[]): T[] {
  return [...new Map(views.map((view) => [JSON.stringify(view), view])).values()];
}
