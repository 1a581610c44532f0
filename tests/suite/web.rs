//! A web server on loopback for tests: answers by path, sound and hostile, and what it was asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a path answers.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 with this body and Cache-Control.
    Cached(Vec<u8>, &'static str),
    /// 200 with this body and ETag; 304 where the ETag is sent back.
    Tagged(Vec<u8>, String),
    /// 200 with this body and Content-Type.
    Typed(Vec<u8>, &'static str),
    /// A status alone.
    Status(u16),
    /// A redirect.
    Redirect(String),
    /// A head that announces more than comes.
    Truncated,
    /// A body without end.
    Endless,
    /// Nothing for this long.
    Slow(Duration),
}

/// A running server; it ends with the process.
#[derive(Clone)]
pub(crate) struct Web {
    /// `http://127.0.0.1:port`.
    pub(crate) origin: String,
    routes: Arc<Mutex<HashMap<String, Route>>>,
    asked: Arc<Mutex<Vec<String>>>,
    posted: Arc<Mutex<Vec<Vec<u8>>>>,
    unmodified: Arc<AtomicUsize>,
}

impl Web {
    /// Starts on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let web = Self {
            origin,
            routes: Arc::default(),
            asked: Arc::default(),
            posted: Arc::default(),
            unmodified: Arc::default(),
        };
        let shared = web.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let web = shared.clone();
                std::thread::spawn(move || {
                    let _ = answer(stream, &web);
                });
            }
        });
        web
    }

    /// Sets what a path (with its query) answers; returns its address.
    pub(crate) fn set(&self, path: &str, route: Route) -> String {
        self.routes.lock().unwrap().insert(path.to_owned(), route);
        format!("{}{path}", self.origin)
    }

    /// How often 304 was answered.
    pub(crate) fn unmodified(&self) -> usize {
        self.unmodified.load(Ordering::SeqCst)
    }

    /// How often a path was asked.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }

    /// Everything that was asked, in order.
    pub(crate) fn all_asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Every body that was posted, in order.
    pub(crate) fn posted(&self) -> Vec<Vec<u8>> {
        self.posted.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, web: &Web) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut known, mut length) = (None, 0);
    while line != "\r\n" && !line.is_empty() {
        if let Some(tag) = line.strip_prefix("if-none-match: ") {
            known = Some(tag.trim_end().to_owned());
        }
        if let Some(announced) = line.strip_prefix("content-length: ") {
            length = announced.trim_end().parse().unwrap();
        }
        line.clear();
        reader.read_line(&mut line)?;
    }
    if length > 0 {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        web.posted.lock().unwrap().push(body);
    }
    web.asked.lock().unwrap().push(path.clone());
    let route = web.routes.lock().unwrap().get(&path).cloned().unwrap_or(Route::Status(404));
    let mut respond = |head: &str, body: &[u8]| -> std::io::Result<()> {
        write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())?;
        stream.write_all(body)
    };
    match route {
        Route::Body(body) => respond("200 OK", &body),
        Route::Cached(body, control) => respond(&format!("200 OK\r\ncache-control: {control}"), &body),
        Route::Tagged(_, tag) if known.as_ref() == Some(&tag) => {
            web.unmodified.fetch_add(1, Ordering::SeqCst);
            respond("304 Not Modified", b"")
        }
        Route::Tagged(body, tag) => respond(&format!("200 OK\r\netag: {tag}"), &body),
        Route::Typed(body, media) => respond(&format!("200 OK\r\ncontent-type: {media}"), &body),
        Route::Status(status) => respond(&format!("{status} Status"), b""),
        Route::Redirect(to) => respond(&format!("302 Found\r\nlocation: {to}"), b""),
        Route::Truncated => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this"),
        Route::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            let chunk = vec![b' '; 1 << 16];
            // The reader ends it; bounded all the same.
            (0..4096).try_for_each(|_| stream.write_all(&chunk))
        }
        Route::Slow(time) => {
            std::thread::sleep(time);
            respond("200 OK", b"late")
        }
    }
}
