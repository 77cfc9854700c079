import { Avatar, type AvatarProps } from '@mantine/core';
import type { User } from '@owlpost/client';
import type { ComponentPropsWithoutRef } from 'react';

/** Dark enough for white letters. */
const initialsColors = ['indigo.8', 'violet.8', 'grape.8', 'pink.9', 'cyan.9', 'teal.9', 'blue.9'];

/** A person as initials in a colour of their own. Give the name beside it, or as a tooltip around it. */
export function UserAvatar({ user, ...props }: { user: Pick<User, 'name'> } & AvatarProps & ComponentPropsWithoutRef<'div'>) {
  return (
    <Avatar
      name={user.name}
      color="initials"
      variant="filled"
      allowedInitialsColors={initialsColors}
      radius="xl"
      size={28}
      alt={user.name}
      title={user.name}
      {...props}
    />
  );
}
