/**
 * HTTP against nginx with one worker: a 200 MB initrd to 1 and to 50 clients, over the loopback; and what DHCP has of it,
 * while 50 clients download as fast as they can. One client is measured over the cable too, without a goal: both send
 * without a copy there, and a client that drops everything lets each packet count in full.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Row, rowOf } from '../report.ts';
import { each, median, ofOurs, takeTurns } from '../turns.ts';
import { CLIENT_ADDRESS, type Field, SERVER_ADDRESS, type Server, type Way } from './field.ts';
import { FILES } from './files.ts';
import { HTTP_PORT } from './ours.ts';

const NGINX_PORT = 8081;
const ROUNDS = 5;
const MANY = 50;
const DELAY_LIMIT_MS = 5;
const EXCHANGES_PER_SECOND = 200;
const DELAY_SECONDS = 5;
/** Fewer than are begun in that time. */
const CLIENTS = 500;

type Download = { rate: number; cpu: number };

/** Measures for about a minute. */
export async function benchHttp(
  field: Field,
  ours: Server,
  files: string,
  progress: (text: string) => void,
): Promise<Row[]> {
  const load = await field.compiled('http-load');
  let nginx: Promise<Server> | undefined;
  const contestants = [
    async () => ({ server: ours, address: [SERVER_ADDRESS, String(HTTP_PORT), `/files/${FILES.initrd.name}`] }),
    async () => {
      nginx ??= startNginx(field, files);
      return { server: await nginx, address: [SERVER_ADDRESS, String(NGINX_PORT), `/${FILES.initrd.name}`] };
    },
  ];
  const race = (clients: number, repeats: number, on: Way) =>
    takeTurns(ROUNDS, contestants, async (contestant): Promise<Download> => {
      const { server, address } = await contestant();
      const counted = server.count();
      const said = await field.run(load, [...address, String(clients), String(repeats)], { on });
      const cpu = counted();
      const [bytes = 0, seconds = 0] = said.trim().split(' ').map(Number);
      return { rate: bytes / seconds / 1e6, cpu: cpu / (bytes / 1e9) };
    });
  progress('HTTP, one client');
  const [one, nginxOne = []] = await race(1, 10, 'loopback');
  const [cable, nginxCable = []] = await race(1, 10, 'cable');
  progress(`HTTP, ${MANY} clients`);
  const [many, nginxMany = []] = await race(MANY, 1, 'loopback');
  progress(`DHCP while ${MANY} clients download`);
  const delays = await dhcpDelays(field, load);
  const rate = ({ rate }: Download): number => rate;
  const cpu = ({ cpu }: Download): number => cpu;
  const common = { peerName: 'nginx, one worker, sendfile' };
  return [
    rowOf({
      ...common,
      name: 'HTTP, 200 MB initrd, one client',
      ours: ofOurs(one).map(rate),
      peer: each(nginxOne, rate),
      unit: 'MB/s',
      better: 'more',
      goal: 1,
    }),
    rowOf({
      ...common,
      name: 'HTTP, 200 MB initrd, one client over the cable',
      ours: ofOurs(cable).map(rate),
      peer: each(nginxCable, rate),
      unit: 'MB/s',
      better: 'more',
    }),
    rowOf({
      ...common,
      name: `HTTP, 200 MB initrd, ${MANY} clients`,
      ours: ofOurs(many).map(rate),
      peer: each(nginxMany, rate),
      unit: 'MB/s',
      better: 'more',
      goal: 1,
    }),
    rowOf({
      ...common,
      name: `HTTP, processor time of a GB, ${MANY} clients`,
      ours: ofOurs(many).map(cpu),
      peer: each(nginxMany, cpu),
      unit: 's',
      better: 'less',
      goal: 0.6,
    }),
    rowOf({
      name: `DHCP answer delay while ${MANY} clients download, 99th percentile`,
      ours: delays.map(({ p99 }) => p99),
      peer: DELAY_LIMIT_MS,
      peerName: 'the limit',
      unit: 'ms',
      better: 'less',
      goal: 1,
      details: {
        'ms, median': median(delays.map(({ middle }) => middle)),
        'ms, longest': median(delays.map(({ longest }) => longest)),
        'ms, 99th percentile of OFFERs': median(delays.map(({ offer }) => offer)),
        'ms, 99th percentile of ACKs, which wait for the disk': median(delays.map(({ ack }) => ack)),
        clients: 'have their leases: a new one is offered nothing before its address was probed',
        'not answered': median(delays.map(({ lost }) => lost)),
        answers: median(delays.map(({ answers }) => answers)),
      },
    }),
  ];
}

type Delays = Record<'answers' | 'lost' | 'middle' | 'p99' | 'longest' | 'offer' | 'ack', number>;

async function dhcpDelays(field: Field, load: string): Promise<Delays[]> {
  const client = await field.compiled('dhcp-delay');
  const rounds: Delays[] = [];
  const parameters = [SERVER_ADDRESS, CLIENT_ADDRESS, EXCHANGES_PER_SECOND, DELAY_SECONDS, CLIENTS].map(String);
  // New clients wait until it is known that nobody has their address, whatever else there is to do.
  await field.run(client, parameters);
  for (let round = 0; round < ROUNDS; round++) {
    const downloads = field.begin(load, [
      ...[SERVER_ADDRESS, String(HTTP_PORT), `/files/${FILES.initrd.name}`, String(MANY), '1000'],
    ]);
    try {
      const said = await field.run(client, parameters);
      const [answers = 0, lost = 0, middle = 0, p99 = 0, longest = 0, offer = 0, ack = 0] = said
        .trim()
        .split(' ')
        .map(Number);
      rounds.push({ answers, lost, middle, p99, longest, offer, ack });
      if (downloads.exitCode !== null) throw new Error('the downloads ended before the measurement did');
    } finally {
      downloads.kill('SIGKILL');
    }
  }
  return rounds;
}

/** nginx with one worker, sendfile and nothing to log, at the files of a directory. */
export async function startNginx(field: Field, files: string): Promise<Server> {
  const folder = field.newFolder('nginx');
  const configuration = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  await writeFile(
    configuration,
    `worker_processes 1; daemon off; user root; pid ${folder}/nginx.pid; error_log stderr;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; ${temporary.join(' ')}
server { listen ${SERVER_ADDRESS}:${NGINX_PORT}; root ${files}; } }
`,
  );
  const args = ['-c', configuration, '-e', 'stderr'];
  return field.start({ name: 'nginx', program: 'nginx', args, tcp: [NGINX_PORT] });
}
