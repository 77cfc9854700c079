import { Select, type SelectProps } from '@mantine/core';
import type { Role } from '@owlpost/client';
import { roleLabels } from '../../lib/roles';

const roles = (Object.keys(roleLabels) as Role[]).map((value) => ({ value, label: roleLabels[value] }));

interface Props extends Omit<SelectProps, 'value' | 'onChange' | 'data'> {
  value: Role;
  onChange: (role: Role) => void;
}

export function RoleSelect({ value, onChange, ...props }: Props) {
  return (
    <Select
      data={roles}
      value={value}
      onChange={(role) => role && role !== value && onChange(role as Role)}
      allowDeselect={false}
      {...props}
    />
  );
}
