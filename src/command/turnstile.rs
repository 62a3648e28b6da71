//! Threads that take turns.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

/// Where threads wait: as a rule each at a place of its own, so that none is woken in vain.
const PLACES: usize = 16;

/// A value that threads get at one after the other, in the order of their numbers.
///
/// Every number must have its turn: whoever cannot take his [closes](Self::close) the turnstile.
pub(super) struct Turnstile<T> {
    state: Mutex<State<T>>,
    places: [Condvar; PLACES],
}

struct State<T> {
    /// Whose turn it is.
    number: u64,
    /// How many wait: to wake nobody is a call of the kernel too.
    waiting: usize,
    closed: bool,
    value: T,
}

impl<T> Turnstile<T> {
    /// The first turn is that of `number`.
    pub(super) fn new(number: u64, value: T) -> Self {
        let state = Mutex::new(State { number, waiting: 0, closed: false, value });
        Self { state, places: std::array::from_fn(|_| Condvar::new()) }
    }

    /// Waits for the turn of `number`; `None` if the turnstile is closed.
    pub(super) fn wait(&self, number: u64) -> Option<Turn<'_, T>> {
        let mut state = self.state.lock().ok()?;
        loop {
            if state.closed {
                return None;
            }
            if state.number == number {
                return Some(Turn { state, places: &self.places });
            }
            state.waiting += 1;
            state = place(&self.places, number)?.wait(state).ok()?;
            state.waiting -= 1;
        }
    }

    /// The turn of `number`, if it is now. It may be missed while others look too.
    pub(super) fn try_wait(&self, number: u64) -> Option<Turn<'_, T>> {
        let state = self.state.try_lock().ok()?;
        (state.number == number && !state.closed).then_some(Turn { state, places: &self.places })
    }

    /// Turns away those who wait and all who come.
    pub(super) fn close(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.closed = true;
        }
        self.places.iter().for_each(Condvar::notify_all);
    }

    /// Whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        match self.state.try_lock() {
            Ok(state) => state.closed,
            Err(TryLockError::Poisoned(_)) => true,
            Err(TryLockError::WouldBlock) => false,
        }
    }

    /// The value, when nobody is left.
    pub(super) fn into_value(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).value
    }
}

/// Where the one with that number waits.
fn place(places: &[Condvar; PLACES], number: u64) -> Option<&Condvar> {
    places.get(usize::try_from(number % PLACES as u64).ok()?)
}

/// The turn of one. It is kept when this is dropped, and ends with [`pass`](Self::pass).
pub(super) struct Turn<'t, T> {
    state: MutexGuard<'t, State<T>>,
    places: &'t [Condvar; PLACES],
}

impl<T> Turn<'_, T> {
    /// Lets the next one through.
    pub(super) fn pass(mut self) {
        self.state.number += 1;
        let (places, next) = (self.places, self.state.number);
        let somebody_waits = self.state.waiting > 0;
        drop(self.state);
        if somebody_waits {
            place(places, next).into_iter().for_each(Condvar::notify_all);
        }
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state.value
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state.value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_come_in_the_order_of_their_numbers() {
        // more threads than places to wait at
        let threads = 2 * PLACES as u64 + 3;
        let turnstile = Turnstile::new(7, Vec::new());
        thread::scope(|scope| {
            for start in (0..threads).rev() {
                let turnstile = &turnstile;
                scope.spawn(move || {
                    for number in (start..40 * threads).step_by(usize::try_from(threads).unwrap()) {
                        turnstile.wait(7 + number).unwrap().push(number);
                        let mut turn = turnstile.wait(7 + number).unwrap();
                        turn.push(number);
                        turn.pass();
                    }
                });
            }
        });
        let expected: Vec<u64> = (0..40 * threads).flat_map(|number| [number, number]).collect();
        assert_eq!(turnstile.into_value(), expected);
    }

    #[test]
    fn a_turn_is_kept_until_it_is_passed() {
        let turnstile = Turnstile::new(0, ());
        assert!(turnstile.try_wait(1).is_none());
        drop(turnstile.wait(0).unwrap());
        assert!(turnstile.try_wait(1).is_none());
        turnstile.try_wait(0).unwrap().pass();
        assert!(turnstile.try_wait(0).is_none());
        assert!(turnstile.try_wait(1).is_some());
    }

    #[test]
    fn closing_wakes_all_who_wait() {
        let turnstile = Turnstile::new(0, ());
        let turned_away = AtomicU64::new(0);
        thread::scope(|scope| {
            for number in 1..=2 * PLACES as u64 {
                let (turnstile, turned_away) = (&turnstile, &turned_away);
                scope.spawn(move || {
                    let turn = turnstile.wait(number);
                    turned_away.fetch_add(u64::from(turn.is_none()), Ordering::Relaxed);
                });
            }
            thread::sleep(Duration::from_millis(20));
            assert!(!turnstile.is_closed());
            turnstile.close();
        });
        assert_eq!(turned_away.into_inner(), 2 * PLACES as u64);
        assert!(turnstile.is_closed() && turnstile.wait(0).is_none() && turnstile.try_wait(0).is_none());
    }

    #[test]
    fn a_panic_in_a_turn_closes_it() {
        let turnstile = Turnstile::new(0, ());
        let ended = thread::scope(|scope| {
            let waiting = scope.spawn(|| turnstile.wait(1).is_none());
            let panicked = scope.spawn(|| {
                let _turn = turnstile.wait(0);
                panic!("as it is meant to");
            });
            assert!(panicked.join().is_err());
            turnstile.close();
            waiting.join().unwrap()
        });
        assert!(ended && turnstile.is_closed() && turnstile.wait(1).is_none());
    }
}
