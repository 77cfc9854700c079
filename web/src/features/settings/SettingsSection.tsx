import { Checkbox, Radio, Stack, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { TitledSection } from '../../components/TitledSection';
import { type SoundChoice, useSettings } from '../../lib/settings';
import { useSoundBlocked } from '../../lib/sound';
import { chooseRepeatsForThisBrowser, chooseSingleKeysForThisBrowser, chooseSoundForThisBrowser, schemes, sounds } from './choices';

interface ChoiceProps<T extends string> {
  label: string;
  options: readonly [T, string][];
  value: T;
  onChange: (value: T) => void;
}

function ChoiceOfFew<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <Radio.Group label={label} value={value} onChange={(next) => onChange(next as T)}>
      <Stack gap={8} mt={6}>
        {options.map(([each, text]) => (
          <Radio key={each} value={each} label={text} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

/** The same choices as in the menu of one's picture, with room for words. */
export function SettingsSection() {
  const { sound, repeats, singleKeys } = useSettings();
  const silent = useSoundBlocked() && sound !== 'off';
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <TitledSection title="Settings" description="Of this browser; another one has its own.">
      <Stack>
        <ChoiceOfFew<MantineColorScheme> label="Appearance" options={schemes} value={colorScheme} onChange={setColorScheme} />
        <ChoiceOfFew<SoundChoice>
          label={silent ? 'Sound (after your first click)' : 'Sound'}
          options={sounds}
          value={sound}
          onChange={chooseSoundForThisBrowser}
        />
        <Checkbox
          label="Repeat alerts until seen"
          checked={repeats}
          disabled={sound === 'off'}
          onChange={(event) => chooseRepeatsForThisBrowser(event.currentTarget.checked)}
        />
        <Checkbox
          label="Shortcuts of a single key"
          checked={singleKeys}
          onChange={(event) => chooseSingleKeysForThisBrowser(event.currentTarget.checked)}
        />
      </Stack>
    </TitledSection>
  );
}
