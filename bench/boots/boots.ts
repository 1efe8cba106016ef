/** All that a boot asks of the servers, measured: TFTP, DHCP, HTTP. */
import { type Figure, figureOf } from '../figure.ts';
import type { Measure } from '../report.ts';
import { benchDhcp, type DhcpResult } from './dhcp.ts';
import { MACHINES } from './dhcp-machines.ts';
import { benchHttp, FILE_BYTES, type HttpResult } from './http.ts';
import { BLKSIZE, benchTftp, type TftpResult } from './tftp.ts';

const DELAY_LIMIT_MS = 5;

/**
 * Measures one after another.
 *
 * @param folders with programs beside those of the PATH
 * @param progress told what is being measured
 */
export async function benchBoots(folders: readonly string[], progress: (text: string) => void): Promise<Measure[]> {
  progress('TFTP');
  const tftp = tftpMeasures(await benchTftp(folders));
  progress('DHCP');
  const dhcp = dhcpMeasures(await benchDhcp());
  progress('HTTP');
  return [...tftp, ...dhcp, ...httpMeasures(await benchHttp())];
}

function tftpMeasures(results: readonly TftpResult[]): Measure[] {
  return groupBy(results, ({ windowsize }) => windowsize).flatMap(([windowsize, of]) => {
    const conditions = { blksize: BLKSIZE, windowsize };
    return [
      measure('tftp throughput', conditions, 'MB/s', 'more', of, (one) => one.megabytesPerSecond),
      measure('tftp processor time', conditions, 's/GB', 'less', of, (one) => one.cpuSecondsPerGB),
    ];
  });
}

function dhcpMeasures(results: readonly DhcpResult[]): Measure[] {
  const conditions = { machines: MACHINES };
  return [
    measure('dhcp exchanges', conditions, '1/s', 'more', results, (one) => one.exchangesPerSecond),
    measure('dhcp processor time', conditions, 'µs/exchange', 'less', results, (one) => one.cpuMicrosecondsPerExchange),
  ];
}

function httpMeasures(results: readonly HttpResult[]): Measure[] {
  return groupBy(results, ({ clients }) => clients).flatMap(([clients, of]) => {
    const conditions = { megabytes: FILE_BYTES / 1e6, clients };
    return [
      measure('http throughput', conditions, 'MB/s', 'more', of, (one) => one.megabytesPerSecond),
      measure('http processor time', conditions, 's/GB', 'less', of, (one) => one.cpuSecondsPerGB),
      delayMeasure(conditions, of),
    ];
  });
}

/** How long a DHCP packet would have waited: there is no such figure of a server that answers no DHCP, but a limit. */
function delayMeasure(conditions: Record<string, number>, results: readonly HttpResult[]): Measure {
  const what = 'http delay of others, p99';
  const of = measure(what, conditions, 'ms', 'less', results, (one) => one.eventLoopDelayP99Ms);
  return { ...of, servers: [...of.servers, { server: 'the limit', figure: figureOf([DELAY_LIMIT_MS]) }] };
}

/** One measure of some results, without the servers that have no such figure. */
function measure<Result extends { server: string }>(
  what: string,
  conditions: Record<string, number>,
  unit: string,
  better: Measure['better'],
  results: readonly Result[],
  figureIn: (result: Result) => Figure | undefined,
): Measure {
  const servers = results.flatMap((result) => {
    const figure = figureIn(result);
    return figure === undefined ? [] : [{ server: result.server, figure }];
  });
  return { what, conditions, unit, better, servers };
}

function groupBy<Result>(results: readonly Result[], key: (result: Result) => number): [number, Result[]][] {
  return [...Map.groupBy(results, key)];
}
