//! A player whose every request asks its ration first and is written down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tutti_core::command::{Answered, Command, Outcome};
use tutti_core::limit::Class;
use tutti_core::reading::{Failure, Reading, Seen};
use tutti_core::time::{LocalTime, Span};

use super::{Hurry, Ration};
use crate::clock;
use crate::players::{Coming, Listed, Player};

/// A player whose every request is asked for first and written down.
pub struct Rationed {
    player: Arc<dyn Player>,
    ration: Ration,
    made: Mutex<VecDeque<LocalTime>>,
}

/// The window of "requests a minute".
const MINUTE: Span = Span::from_secs(60);

impl Rationed {
    pub fn new(player: Arc<dyn Player>, ration: Ration) -> Self {
        ration.lock().sharers += 1;
        Self { player, ration, made: Mutex::default() }
    }

    pub fn ration(&self) -> &Ration {
        &self.ration
    }

    /// Accounts of this process that use the same client id now, this one included.
    pub fn sharers(&self) -> u32 {
        self.ration.lock().sharers as u32
    }

    /// Requests made in the last minute.
    pub fn requests_minute(&self) -> u32 {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        made.iter().filter(|&&at| now - at < MINUTE).count() as u32
    }

    async fn admit(&self, class: Class, hurry: &Hurry) -> Result<(), Failure> {
        self.ration.admit_unless(class, hurry).await?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        while made.front().is_some_and(|&at| now - at >= MINUTE) {
            made.pop_front();
        }
        made.push_back(now);
        Ok(())
    }

    /// A look that takes its turn among the other accounts of its client id, unless it becomes urgent.
    pub async fn look_in_turn(&self, hurry: Hurry) -> Reading {
        if let Err(failure) = self.admit(Class::Read, &hurry).await {
            let now = clock::now();
            return Reading { asked: now, answered: now, seen: Seen::Failed(failure) };
        }
        let reading = self.player.look().await;
        if let Seen::Failed(failure) = &reading.seen {
            self.ration.heed(failure);
        }
        reading
    }

    async fn read<T>(&self, request: BoxFuture<'_, Result<T, Failure>>) -> Result<T, Failure> {
        self.admit(Class::Read, &Hurry::urgent()).await?;
        let answer = request.await;
        if let Err(failure) = &answer {
            self.ration.heed(failure);
        }
        answer
    }
}

impl Drop for Rationed {
    fn drop(&mut self) {
        self.ration.lock().sharers -= 1;
    }
}

impl Player for Rationed {
    fn look(&self) -> BoxFuture<'_, Reading> {
        self.look_in_turn(Hurry::urgent()).boxed()
    }

    fn queue(&self) -> BoxFuture<'_, Result<Coming, Failure>> {
        self.read(self.player.queue()).boxed()
    }

    fn command(&self, command: Command) -> BoxFuture<'_, Answered> {
        async {
            if let Err(failure) = self.admit(Class::Command, &Hurry::urgent()).await {
                let now = clock::now();
                return Answered { id: command.id, sent: now, answered: now, outcome: Outcome::Failed(failure) };
            }
            let answered = self.player.command(command).await;
            if let Outcome::Failed(failure) = &answered.outcome {
                self.ration.heed(failure);
            }
            answered
        }
        .boxed()
    }

    fn devices(&self) -> BoxFuture<'_, Result<Vec<Listed>, Failure>> {
        self.read(self.player.devices()).boxed()
    }

    fn transfer(&self, device: String) -> BoxFuture<'_, Outcome> {
        async {
            if let Err(failure) = self.admit(Class::Command, &Hurry::urgent()).await {
                return Outcome::Failed(failure);
            }
            let outcome = self.player.transfer(device).await;
            if let Outcome::Failed(failure) = &outcome {
                self.ration.heed(failure);
            }
            outcome
        }
        .boxed()
    }
}
