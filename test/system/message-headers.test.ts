import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpointNumber, endpointOfNumber, MessageHeaders } from '../../src/system/message-headers.ts';

describe('an endpoint as a number', () => {
  const endpoints = [
    { address: '0.0.0.0', port: 0 },
    { address: '10.0.0.1', port: 2070 },
    { address: '192.168.255.1', port: 69 },
    { address: '255.255.255.255', port: 65_535 },
  ];

  it('is that endpoint again', () => {
    for (const endpoint of endpoints) assert.deepEqual(endpointOfNumber(endpointNumber(endpoint)), endpoint);
  });

  it('is the same in the header of a message', () => {
    const headers = new MessageHeaders(3);
    for (const number of endpoints.map(endpointNumber)) {
      headers.setEndpoint(1, number);
      assert.equal(headers.endpoint(1), number);
    }
    assert.equal(headers.endpoint(2), endpointNumber({ address: '0.0.0.0', port: 0 }));
  });
});
