/** Two calls of one name are told apart by their bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dialectOf } from '../../../src/api/grpc/dialect.ts';
import { ActionStatusRequest } from '../../../src/api/grpc/messages/agent.ts';
import { WorkflowActionStatus } from '../../../src/api/grpc/messages/workflow.ts';
import { MalformedMessage } from '../../../src/api/grpc/protobuf/wire.ts';
import { anyMessage } from './any-message.ts';

test('every report of 0.9 to 0.12 is told as such', () => {
  fc.assert(
    fc.property(anyMessage(WorkflowActionStatus), (value) => {
      assert.equal(dialectOf(WorkflowActionStatus.encode(value)), 'slim');
    }),
  );
});

test('every report of the newest agent with the id of its action, as all have, is told as such', () => {
  fc.assert(
    fc.property(anyMessage(ActionStatusRequest), fc.string({ minLength: 1 }), (value, action_id) => {
      assert.equal(dialectOf(ActionStatusRequest.encode({ ...value, action_id })), 'newest');
    }),
  );
});

test('the order of the fields does not matter, nor what they begin with', () => {
  // worker_id first, then action_status as a number.
  assert.equal(dialectOf(Buffer.from('420161' + '2001', 'hex')), 'slim');
  // An explicit zero, as presence allows: action_state UNSPECIFIED.
  assert.equal(dialectOf(Buffer.from('3000', 'hex')), 'newest');
  // STATE_PENDING and 0 seconds are absent: message decides, or nothing does.
  assert.equal(dialectOf(Buffer.from('320161', 'hex')), 'slim');
  assert.equal(dialectOf(Buffer.alloc(0)), 'slim');
  assert.throws(() => dialectOf(Buffer.from('0aff', 'hex')), MalformedMessage);
});
