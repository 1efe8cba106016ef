/** Webhooks with a real target: in order, at least once, over failures and restarts, and never in anybody's way. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { EventLog, openStore, type Store, trimEvents } from '../../src/store/index.ts';
import { type Patience, verify, Webhooks } from '../../src/webhooks/index.ts';
import { opened, temporaryDirectory } from '../store/opened.ts';
import { Target } from './target.ts';

const SECRET = 'a secret of the test';
const QUICK: Patience = { answer: 2000, first: 5, longest: 20 };

async function over(store: Store, patience = QUICK) {
  const events = await EventLog.open(store, Date.now);
  const webhooks = new Webhooks({ store, events, clock: Date.now, newId: randomUUID, patience });
  const tell = (kind: string, about: { machine?: string; workflow?: string } = {}): Promise<void> =>
    store.change((transaction) => events.append(transaction, { kind, data: { text: `the ${kind}` }, ...about }));
  return { store, events, webhooks, tell };
}

async function started(t: TestContext, patience = QUICK) {
  const parts = await over(await opened(t), patience);
  await parts.webhooks.start();
  t.after(() => parts.webhooks.stop());
  return { ...parts, target: await Target.start(t) };
}

/** Waits for what no event tells of. */
async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('a webhook', () => {
  it('is told of each event from its making on, signed, with what the stream says', async (t) => {
    const { webhooks, tell, target } = await started(t);
    await tell('before');
    const made = await webhooks.create({ url: target.url, secret: SECRET });
    await tell('workflow.created', { machine: 'm1', workflow: 'w1' });
    const [received] = await target.until(1);
    assert.ok(received);
    const { headers, body } = received;
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['tinsmith-event'], 'workflow.created');
    assert.equal(headers['tinsmith-delivery'], '2');
    const { time, ...told } = JSON.parse(body);
    assert.deepEqual(told, {
      seq: 2,
      kind: 'workflow.created',
      machine: 'm1',
      workflow: 'w1',
      data: { text: 'the workflow.created' },
    });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
    const header = String(headers['tinsmith-signature']);
    assert.ok(verify({ secret: SECRET, body, header }, Date.now() / 1000));
    assert.ok(!verify({ secret: 'another secret, not ours', body, header }, Date.now() / 1000));
    assert.ok(!verify({ secret: SECRET, body: `${body} `, header }, Date.now() / 1000));
    assert.ok(!verify({ secret: SECRET, body, header }, Date.now() / 1000 + 400), 'an old one');
    assert.ok(!verify({ secret: SECRET, body, header: header.replace(/t=\d+/, 't=1') }, 1), 'of another time');
    await eventually(() => webhooks.get(made.id).cursor.seq === 2);
    assert.equal(webhooks.get(made.id).cursor.delivered, 1);
  });

  it('shows its secret once, and keeps it where none was given', async (t) => {
    const { webhooks, tell, target } = await started(t);
    const { id, secret } = await webhooks.create({ url: target.url });
    assert.ok(secret.length >= 32);
    for (const shown of [webhooks.get(id), webhooks.list()]) assert.ok(!JSON.stringify(shown).includes(secret));
    await tell('fact');
    const [received] = await target.until(1);
    assert.ok(received);
    const { headers, body } = received;
    assert.ok(verify({ secret, body, header: String(headers['tinsmith-signature']) }, Date.now() / 1000));
    assert.ok(!JSON.stringify(headers).includes(secret));
  });

  it('gets the kinds, machines and workflows that it wants', async (t) => {
    const { webhooks, tell, target } = await started(t);
    const other = await Target.start(t);
    await webhooks.create({ url: target.url, kinds: ['workflow.*', 'end'] });
    await webhooks.create({ url: other.url, workflows: ['w1'], machines: ['m1'] });
    await tell('workflow.created', { workflow: 'w1', machine: 'm1' });
    await tell('action.ended', { workflow: 'w1', machine: 'm2' });
    await tell('worker.hello', { machine: 'm1' });
    await tell('workflow.ended', { workflow: 'w2', machine: 'm1' });
    await tell('end', { workflow: 'w1' });
    await target.until(3);
    await other.until(4);
    assert.deepEqual(target.kinds(), ['workflow.created', 'workflow.ended', 'end']);
    assert.deepEqual(other.kinds(), ['workflow.created', 'action.ended', 'worker.hello', 'end']);
  });

  it('refuses what no event can be posted to', async (t) => {
    const { webhooks } = await started(t);
    for (const url of [
      'ftp://x/',
      'nonsense',
      '/path',
      'javascript:alert(1)',
      'http://user:word@x/',
      'http://user@x/',
    ]) {
      await assert.rejects(webhooks.create({ url }), url);
    }
    await assert.rejects(webhooks.create({ url: 'http://x/', kinds: ['not a kind'] }));
    await assert.rejects(webhooks.create({ url: 'http://x/', secret: 'short' }));
    assert.throws(() => webhooks.get('none'), { code: 'NOT_FOUND' });
    await assert.rejects(webhooks.delete('none'), { code: 'NOT_FOUND' });
  });
});

describe('a target that fails', () => {
  it('is tried again until it takes it; nothing overtakes, and nothing is missing', async (t) => {
    const { webhooks, tell, target } = await started(t);
    const { id } = await webhooks.create({ url: target.url });
    let failures = 0;
    target.answer = (res) => res.writeHead(failures++ < 4 ? 503 : 200).end('a body');
    for (const kind of ['a', 'b', 'c']) await tell(kind);
    await target.until(7);
    assert.deepEqual(target.kinds(), ['a', 'a', 'a', 'a', 'a', 'b', 'c']);
    await eventually(() => webhooks.get(id).cursor.seq === 3);
    assert.equal(webhooks.get(id).failing, undefined);
    assert.equal(webhooks.get(id).behind, 0);
  });

  it('shows since when, how often, why, and when it is tried next', async (t) => {
    const { webhooks, tell, target } = await started(t, { ...QUICK, first: 60_000, longest: 300_000 });
    const { id } = await webhooks.create({ url: target.url });
    target.answer = (res) => res.writeHead(500).end();
    const before = Date.now();
    await tell('fact');
    await eventually(() => webhooks.get(id).failing !== undefined);
    const { failing, behind } = webhooks.get(id);
    assert.equal(behind, 1);
    assert.equal(failing?.tries, 1);
    assert.match(failing?.lastError ?? '', /500/);
    assert.ok((failing?.since ?? 0) >= before && (failing?.nextTryAt ?? 0) >= before + 60_000);
  });

  it('that hangs is given up after a while; others get theirs meanwhile, and no change waits', async (t) => {
    const { webhooks, tell, target } = await started(t, { answer: 300, first: 5, longest: 20 });
    const healthy = await Target.start(t);
    const hanging: import('node:http').ServerResponse[] = [];
    target.answer = (res) => void hanging.push(res);
    const { id } = await webhooks.create({ url: target.url });
    await webhooks.create({ url: healthy.url });
    for (let n = 0; n < 50; n++) await tell(`k${n < 10 ? 'a' : 'b'}`);
    await healthy.until(50);
    await target.until(2);
    assert.deepEqual(new Set(target.kinds()), new Set(['ka']), 'only the first, again and again');
    assert.match(webhooks.get(id).failing?.lastError ?? '', /did not answer within 0.3 s/);
    target.answer = (res) => res.end();
    await eventually(() => webhooks.get(id).behind === 0);
    const deliveries = target.received.map(({ headers }) => Number(headers['tinsmith-delivery']));
    assert.deepEqual(
      [...new Set(deliveries)],
      Array.from({ length: 50 }, (_, n) => n + 1),
    );
  });

  it('that goes away and comes back gets all that was meanwhile', async (t) => {
    const { webhooks, tell, target } = await started(t);
    const { id } = await webhooks.create({ url: target.url });
    await target.goAway();
    for (let n = 0; n < 300; n++) await tell('fact');
    await eventually(() => (webhooks.get(id).failing?.tries ?? 0) > 2);
    await target.comeBack();
    await target.until(300);
    const deliveries = target.received.map(({ headers }) => Number(headers['tinsmith-delivery']));
    assert.deepEqual(
      [...new Set(deliveries)],
      Array.from({ length: 300 }, (_, n) => n + 1),
    );
  });

  it('by sending us elsewhere is not followed', async (t) => {
    const { webhooks, tell, target } = await started(t);
    const elsewhere = await Target.start(t);
    target.answer = (res) => res.writeHead(307, { location: elsewhere.url }).end();
    const { id } = await webhooks.create({ url: target.url });
    await tell('fact');
    await eventually(() => (webhooks.get(id).failing?.tries ?? 0) > 1);
    assert.match(webhooks.get(id).failing?.lastError ?? '', /307, and is not followed/);
    assert.equal(elsewhere.received.length, 0);
  });

  it('for longer than events are kept is told that there is a gap', async (t) => {
    const { webhooks, events, tell, target } = await started(t);
    await webhooks.create({ url: target.url });
    target.answer = (res) => res.writeHead(500).end();
    for (let n = 0; n < 20; n++) await tell('fact');
    await target.until(2);
    await trimEvents(events, { count: 5, days: 1 }, Date.now());
    target.answer = (res) => res.end();
    await eventually(() => target.received.some(({ headers }) => headers['tinsmith-delivery'] === '20'));
    const told = target.received.filter(({ headers }) => headers['tinsmith-delivery'] !== '1');
    assert.deepEqual(
      told.map(({ headers }) => headers['tinsmith-delivery']),
      [told[0]?.headers['tinsmith-delivery'], '16', '17', '18', '19', '20'],
    );
    const gap = JSON.parse(told[0]?.body ?? '{}');
    assert.equal(gap.kind, 'stream.gap');
    assert.equal(gap.data.oldest, 16);
  });
});

describe('webhooks', () => {
  it('go on where they were after a restart, in the middle of a failure too', async (t) => {
    const directory = temporaryDirectory(t);
    const target = await Target.start(t);
    const first = await over(await openStore(directory));
    await first.webhooks.start();
    const { id } = await first.webhooks.create({ url: target.url, kinds: ['wanted'], secret: SECRET });
    await first.tell('wanted');
    await target.until(1);
    await eventually(() => first.webhooks.get(id).cursor.seq === 1);
    target.answer = (res) => res.writeHead(502).end();
    for (const kind of ['no', 'wanted', 'no', 'wanted']) await first.tell(kind);
    await target.until(2);
    await first.webhooks.stop();
    await first.store.close();

    target.received.length = 0;
    target.answer = (res) => res.end();
    const second = await over(await openStore(directory));
    t.after(() => second.store.close());
    await second.tell('wanted'); // while it was not delivering
    await second.webhooks.start();
    t.after(() => second.webhooks.stop());
    const received = await target.until(3);
    assert.deepEqual(
      received.map(({ headers }) => headers['tinsmith-delivery']),
      ['3', '5', '6'],
    );
    for (const { headers, body } of received)
      assert.ok(verify({ secret: SECRET, body, header: String(headers['tinsmith-signature']) }, Date.now() / 1000));
    await eventually(() => second.webhooks.get(id).cursor.delivered === 4);
  });

  it('are tested at once, beside whatever waits', async (t) => {
    const { webhooks, tell, target } = await started(t, { ...QUICK, first: 60_000, longest: 60_000 });
    const { id } = await webhooks.create({ url: target.url });
    target.answer = (res) => res.writeHead(500).end();
    await tell('fact');
    await eventually(() => webhooks.get(id).failing !== undefined);
    assert.deepEqual(await webhooks.test(id), { delivered: false, status: 500, error: 'it answered 500' });
    target.answer = (res) => res.writeHead(202).end();
    assert.deepEqual(await webhooks.test(id), { delivered: true, status: 202 });
    assert.equal(target.kinds().at(-1), 'webhook.test');
    await target.goAway();
    assert.equal((await webhooks.test(id)).delivered, false);
  });

  it('that are deleted get nothing more, and leave nothing', async (t) => {
    const { webhooks, store, tell, target } = await started(t);
    const { id } = await webhooks.create({ url: target.url });
    const kept = await webhooks.create({ url: target.url, kinds: ['kept'] });
    target.answer = (res) => res.writeHead(500).end();
    await tell('fact');
    await target.until(1);
    await webhooks.delete(id);
    const had = target.received.length;
    target.answer = (res) => res.end();
    await tell('kept');
    await eventually(() => webhooks.get(kept.id).behind === 0);
    assert.deepEqual(target.kinds().slice(had), ['kept']);
    assert.deepEqual(
      (await store.entries('webhook')).map(([key]) => key),
      [`webhook-cursor/${kept.id}`, `webhook/${kept.id}`],
    );
    assert.deepEqual(
      webhooks.list().map((each) => each.id),
      [kept.id],
    );
  });
});
