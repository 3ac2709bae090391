#ifndef RELM_THREADS_H
#define RELM_THREADS_H

/* A process forked from one that has used OpenMP's threads has none of them, and would wait
   for them forever. Called once, when the library is loaded. */
void watch_forks(void);

/* Has this process been forked since? */
int is_forked(void);

/* For threads; 0 without OpenMP. */
int processors(void);

#endif
