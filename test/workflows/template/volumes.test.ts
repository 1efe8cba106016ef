import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkVolume, mergeVolumes } from '../../../src/workflows/template/volumes.ts';

describe('volumes', () => {
  for (const [volume, destination] of [
    ['/dev:/dev', '/dev'],
    ['/lib/firmware:/lib/firmware:ro', '/lib/firmware'],
    ['state.dir_1:/state/', '/state'],
    ['/a:/b//c/.:ro,rshared', '/b/c'],
    ['/workflow:/w', '/w'],
  ] as const) {
    test(volume, () => assert.deepEqual(checkVolume(volume), { destination }));
  }
  for (const [volume, message] of [
    ['/dev', /write source:destination/],
    ['/a:/b:ro:x', /write source:destination/],
    [':/b', /no absolute path, nor the name/],
    ['./a:/b', /no absolute path, nor the name/],
    ['/a:b', /destination "b" is no absolute path/],
    ['/a:', /destination "" is no absolute path/],
    ['/a/../b:/c', /must not have "\.\."/],
    ['/a:/b/..', /must not have "\.\."/],
    ['/a:/', /root folder/],
    ['/a:/workflow', /workflow's own folder/],
    ['/a:/workflow/', /workflow's own folder/],
    ['/a:/b:rw,exec', /unknown option "exec"/],
    ['/a:/b:', /unknown option ""/],
  ] as const) {
    test(`refused: ${volume}`, () => {
      const checked = checkVolume(volume);
      assert.ok('problem' in checked);
      assert.match(checked.problem, message);
    });
  }
  test('an action overrides the task where the source is the same', () => {
    assert.deepEqual(mergeVolumes(['/a:/1', '/b:/2:ro', '/c:/3'], ['/b:/x', '/d:/4']), {
      volumes: ['/a:/1', '/c:/3', '/b:/x', '/d:/4'],
      clash: undefined,
    });
  });
  test('one source may be mounted twice', () => {
    assert.deepEqual(mergeVolumes([], ['/dev:/dev', '/dev:/host/dev']).volumes, ['/dev:/dev', '/dev:/host/dev']);
  });
  test('two sources at one destination clash', () => {
    assert.equal(mergeVolumes(['/a:/x'], ['/b:/x/']).clash, '/x');
  });
});
