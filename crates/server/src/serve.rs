//! Serving, until the server is asked to stop.

use std::future::Future;
use std::net::SocketAddr;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::{App, ServeError, router};

/// Serves until `shutdown` is done, then lets requests finish and closes the database.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let app = App::open(config).await?;
    let service = router::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let sweeping = tokio::spawn(app.clone().sweep_daily());
    let retaining = tokio::spawn(app.clone().retain_daily());
    let backing_up = tokio::spawn(app.clone().back_up());
    let scrubbing = tokio::spawn(app.clone().scrub_hourly());
    let (stopping, overdue) = (app.clone(), app.clone());
    let address = listener.local_addr()?;
    // A compressed answer goes out in pieces: the last one, smaller than a packet, would wait up to 40 ms for the word that the others came.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small packets wait");
        }
    });
    tracing::info!(address = %address, data = %app.config().data.display(), "serving");
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        tracing::info!("stopping: no new requests");
        stopping.stop();
    });
    tokio::select! {
        served = serving => served?,
        () = overdue.is_overdue() => tracing::warn!("some requests did not finish in time"),
    }
    if let Err(error) = sweeping.await {
        tracing::error!(%error, "the sweep failed");
    }
    if let Err(error) = retaining.await {
        tracing::error!(%error, "looking for what was kept long enough failed");
    }
    if let Err(error) = backing_up.await {
        tracing::error!(%error, "backups failed");
    }
    if let Err(error) = scrubbing.await {
        tracing::error!(%error, "writing the database anew failed");
    }
    app.all_noted().await;
    app.database().close().await;
    Ok(())
}
