#ifndef RELM_PARENT_H
#define RELM_PARENT_H

/* A process that runs chains for another one has nothing to do once that is gone, and may not
   hear of it: a parent that is killed outright tells nobody. */

/* From now on this process, a child of the process with this number, works for it alone; the
   system ends it with its parent where it can. Interrupts tell it to stop with what it has. */
void work_for(int parent);

/* Has the process that this one works for come to its end? */
int is_orphaned(void);

/* Has a process that works for another one been interrupted? */
int is_told_to_stop(void);

#endif
