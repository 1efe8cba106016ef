import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Source, Turns } from '../../../src/boots/tftp/turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock by which each look at it takes a tenth of a millisecond. */
function slowly(): () => number {
  let now = 0;
  return () => {
    now += 0.1;
    return now;
  };
}

/** A source to which so many more come, one at a time. */
class Some implements Source {
  given = 0;
  isWaiting = false;
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  receive(): boolean {
    if (!this.isWaiting && this.#left > 0) {
      this.#left--;
      this.isWaiting = true;
    }
    return this.isWaiting;
  }

  give(): void {
    assert.ok(this.isWaiting);
    this.isWaiting = false;
    this.given++;
  }
}

function turnsOf(...sources: Source[]): Turns {
  const turns = new Turns(slowly());
  for (const source of sources) turns.add(source);
  return turns;
}

describe('turns', () => {
  it('give what has come to each, and what comes meanwhile', () => {
    const all = [new Some(2), new Some(0), new Some(5)];
    const given: number[] = [];
    turnsOf(...all).take(() => given.push(...all.map((each) => each.given)));
    assert.deepEqual(given, [0, 0, 0]);
    assert.deepEqual(
      all.map((each) => each.given),
      [2, 0, 5],
    );
  });

  it('let the event loop turn, though there is always more', async () => {
    const all = [new Some(Number.POSITIVE_INFINITY), new Some(Number.POSITIVE_INFINITY), new Some(1)];
    const turns = turnsOf(...all);
    turns.take(() => undefined);
    const [first] = all;
    assert.ok(first !== undefined && first.given > 1);
    assert.deepEqual(
      all.map((each) => each.isWaiting),
      [true, true, false],
      'what waits is taken, so that nobody else hands it over',
    );
    // Handed over by dgram, in a turn that is over: not before the next.
    const before = first.given;
    let isTaken = false;
    turns.take(() => {
      isTaken = true;
    });
    assert.deepEqual([isTaken, first.given], [false, before]);
    await turn();
    assert.equal(isTaken, true);
    assert.ok(first.given > before, 'goes on by itself');
    turns.close();
    await turn();
    const end = first.given;
    await turn();
    assert.equal(first.given, end);
  });

  it('come to everyone, where each takes the time of a turn', async () => {
    let now = 0;
    const turns = new Turns(() => now);
    const all = [0, 1, 2, 3].map(() => new Some(Number.POSITIVE_INFINITY));
    for (const each of all) {
      turns.add({
        receive: () => each.receive(),
        give: () => {
          each.give();
          now += 10;
        },
      });
    }
    turns.take(() => undefined);
    for (let count = 0; count < 11; count++) await turn();
    assert.deepEqual(
      all.map((each) => each.given),
      [3, 3, 3, 3],
    );
    turns.close();
    await turn();
  });
});
