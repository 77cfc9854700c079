import type { Incident } from '@owlpost/client';
import type { ApiActor, Person } from './api';

/** What the pages of the table show. */
export interface Castle {
  ron: ApiActor;
  hermione: ApiActor;
  percy: ApiActor;
  kingsley: ApiActor;
  /** With a thread, critical, and taken. */
  egg: Incident;
  resolved: Incident;
}

export const LONG_WORD = 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz'.repeat(2);

/** A castle on an ordinary evening: a thread with links and mentions, long words, something of every severity and status. */
export async function furnishCastle(actAs: (person: Person) => Promise<ApiActor>): Promise<Castle> {
  const [ron, hermione, percy, tonks] = [await actAs('ron'), await actAs('hermione'), await actAs('percy'), await actAs('tonks')];
  await percy.takeEverythingUrgent();
  const egg = await hermione.report({
    title: 'Dragon egg hatching in Hagrid’s hut',
    description: 'Norwegian Ridgeback, about to come out. The hut is made of wood.\n\nWho comes: bring gloves, see https://castle.example/dragons?page=2.',
    severity: 'CRITICAL',
    location: 'Hagrid’s hut',
  });
  await tonks.take(egg.id);
  await tonks.update(egg.id, { status: 'IN_PROGRESS' });
  for (const [who, words] of [
    [ron, 'It has hiccuped twice. The table is on fire, only a little.'],
    [tonks, 'On my way. @percy.weasley keep everybody off the lawn, and tell @nobody.'],
    [hermione, `Charlie takes it, see https://castle.example/a/very/long/address/that/does/not/end/${'dragons/'.repeat(12)}`],
    [percy, `Done.\n\n${LONG_WORD}\n\nWho asks why is sent to @hermione.granger.`],
  ] as const)
    await who.comment(egg.id, words);
  await ron.report({ title: 'Cauldron leaks in classroom eleven', severity: 'SERIOUS', location: 'Dungeons, second corridor', description: 'Green, and it hums.' });
  await ron.report({ title: `Nothing can be read here: ${LONG_WORD}`, description: LONG_WORD, location: LONG_WORD });
  await percy.report({ title: `Nor here: ${LONG_WORD}`, severity: 'CRITICAL', location: LONG_WORD }).then(({ id }) => percy.take(id));
  await percy.report({ title: 'Staircase stuck between two floors', severity: 'SERIOUS', assigneeId: percy.user.id });
  const flood = await hermione.report({ title: 'Myrtle floods the first floor', severity: 'CRITICAL', location: 'Girls’ bathroom' });
  await percy.take(flood.id);
  const resolved = await ron.report({ title: 'Bludger through the window of the Owlery', location: 'Owlery', description: 'Glass everywhere.' });
  await percy.resolve(resolved.id, 'Reparo. The owls were told.');
  return { ron, hermione, percy, kingsley: await actAs('kingsley'), egg, resolved };
}
