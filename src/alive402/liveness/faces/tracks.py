"""Finds and follows faces through a clip; each is a FaceTrack."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import upright
from alive402.liveness.faces.between import BETWEEN_SECONDS, passed
from alive402.liveness.faces.detector import Detection, iou
from alive402.liveness.faces.finder import SAME_FACE_IOU, FaceFinder
from alive402.liveness.faces.mesh import POINTS, LaterMesh
from alive402.liveness.faces.samples import Sample, SampleKeeper
from alive402.liveness.faces.scene_changes import SceneChanges
from alive402.liveness.media import MOTION_SIDE, Frame
from alive402.liveness.media.inner import InnerPicture, InnerPictureWatch

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SAME_FACE_SIZE = 1.6
STEP_FACES = 0.5
STEP_FACES_PER_SECOND = 1.5
SEARCH_EVERY_SECONDS = 2.0
MESH_EVERY = 2
"""Motion frames from one mesh to the next; meshes are compared over a sixth of the clip."""
MAX_TRACKS = 5
LOST_SECONDS = 2.0
GLIMPSE, DOUBTFUL_SCORE = 0.4, 0.65
TURNS = (0, 90, 270, 180)
RESCUES = 12
"""Most searches at all four turns in a clip; without a face each costs four times as much."""
RESCUE_SECONDS = 0.1
"""Seconds from the first of these searches to the second; each later wait is half as long again, so that they cover
half a minute."""


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face through the clip, at the k motion frames in which it was seen.

    Attributes:
        indices: (k,) int, which motion frames of the Clip.
        times: (k,) float64, seconds.
        boxes: (k, 4) float32, x1 y1 x2 y2 in px of the upright frame, the whole face.
        scores: (k,) float32, the detector's confidence, 0..1.
        landmarks: (k, 468, 2) float32, px of the upright frame, at every motion frame with a challenge; else, and where
            another face was larger, NaN.
        turn: degrees, counter-clockwise, by which the frame has to be turned for the face to stand upright.
        samples: the sharpest looks at the face, spread through the clip, in time order.
        extra_samples: looks from just after the picture changed at once, for judging each scene of a cut clip.
        later: without a challenge, k meshes that are not fitted yet, None at every second motion frame; see `meshes`.
    """

    indices: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    boxes: Floats
    scores: Floats
    landmarks: Floats
    turn: int
    samples: tuple[Sample, ...]
    extra_samples: tuple[Sample, ...] = ()
    later: tuple[LaterMesh | None, ...] = ()

    def meshes(self) -> Floats:
        """(k, 468, 2) float32: `landmarks`, fitted now if they were not; this takes 2 ms a mesh."""
        found = self.landmarks.copy()
        for place, mesh in enumerate(self.later):
            if mesh is not None:
                found[place] = mesh.fit()
        return found

    @property
    def area(self) -> float:
        """Median area of the box, px squared."""
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        return float(np.median(sides.prod(axis=1)))

    def with_fewer_meshes(self) -> FaceTrack:
        """The track as it is when a mesh is fitted at every second motion frame only."""
        kept = (self.indices % MESH_EVERY == 0)[:, None, None]
        return replace(self, landmarks=np.where(kept, self.landmarks, np.float32(np.nan)))


@dataclass(slots=True)
class _Following:
    turn: int
    keeper: SampleKeeper
    last: Detection
    indices: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    boxes: list[Floats] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    landmarks: list[Floats] = field(default_factory=list)
    later: list[LaterMesh | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A motion frame, its number, and whether the picture changed abruptly just before it."""

    index: int
    frame: Frame
    new_scene: bool

    @property
    def image(self) -> Image:
        return self.frame.small(MOTION_SIDE)


class FaceFollower:
    """Follows the faces of one clip, motion frame by motion frame.

    Args:
        finder: the networks.
        expected_seconds: length as the container states it, to spread the samples.
        every_mesh: fit the mesh of each motion frame at once, as a challenge needs it. Without it, the face of every
            second one is kept, for a mesh that is fitted when it is first used.
    """

    def __init__(self, finder: FaceFinder, expected_seconds: float | None, every_mesh: bool = False) -> None:
        self._finder = finder
        self._every_mesh = every_mesh
        self._expected = expected_seconds
        self._tracks: list[_Following] = []
        self._next_search = 0.0
        self._rescues = RESCUES
        self._next_rescue = 0.0
        self._watch = InnerPictureWatch()
        self._changes = SceneChanges()
        self._looked_at = 0
        self._waiting: _Moment | None = None

    def follow(self, frame: Frame) -> None:
        """Process the next motion frame; a frame that may need no search waits for the next one."""
        changed = self._changes.at(frame)
        look = _Moment(self._looked_at, frame, self._changes.lately(frame.time))
        self._looked_at += 1
        waiting, self._waiting = self._waiting, None
        found = self._passed(waiting, look) if waiting is not None and not changed else None
        if waiting is not None and found is None:
            self._search(waiting)
        if changed:
            for track in self._tracks:
                track.keeper.scene_changes()
        if waiting is None and self._may_wait(look):
            self._waiting = look
        else:
            self._search(look, found)

    def _may_wait(self, look: _Moment) -> bool:
        """Whether each face was certain in the frame before, and no other face is searched for in this one."""
        active = self._active(look.frame.time)
        known = all(track.indices[-1] == look.index - 1 and track.last.score >= DOUBTFUL_SCORE for track in active)
        searching = self._every_mesh or look.new_scene or look.frame.time >= self._next_search
        return bool(active) and known and not searching

    def _passed(self, waiting: _Moment, look: _Moment) -> list[tuple[_Following, Detection]] | None:
        """Take the faces of the waiting frame half-way between those before and after, if they hardly moved.

        Returns the tracks' faces in `look`; None where the waiting frame has to be searched.
        """
        found: list[tuple[_Following, Detection]] = []
        between: list[tuple[_Following, Detection]] = []
        for track in self._active(look.frame.time):
            after, apart = self._near(look.image, track, look.frame.time), look.frame.time - track.times[-1]
            if after is None or apart > BETWEEN_SECONDS:
                return None
            share = (waiting.frame.time - track.times[-1]) / apart
            face = passed(track.last, waiting.image, share, after, look.image)
            if face is None:
                return None
            found.append((track, after))
            between.append((track, face))
        if not between:
            return None
        self._take(waiting, between)
        return found

    def _active(self, time: float) -> list[_Following]:
        return [track for track in self._tracks if time - track.times[-1] <= LOST_SECONDS]

    def _search(self, look: _Moment, seen: list[tuple[_Following, Detection]] | None = None) -> None:
        """Search the frame near the last places of its faces, unless all are `seen`, and now and then everywhere."""
        active = self._active(look.frame.time)
        if seen is None:
            near = ((track, self._near(look.image, track, look.frame.time)) for track in active)
            seen = [(track, face) for track, face in near if face is not None]
        if look.frame.time >= self._next_search or not seen:
            self._next_search = look.frame.time + SEARCH_EVERY_SECONDS
            seen += self._new_faces(look.image, active, seen, look.frame.time)
        self._take(look, seen)

    def _take(self, look: _Moment, seen: list[tuple[_Following, Detection]]) -> None:
        """Continue the tracks with the faces of a frame."""
        frame, image = look.frame, look.image
        scale = max(image.shape[:2]) / max(frame.size)
        for place, (track, face) in enumerate(sorted(seen, key=lambda pair: -pair[1].area)):
            track.last = face
            track.indices.append(look.index)
            track.times.append(frame.time)
            track.boxes.append((face.box / scale).astype(np.float32))
            track.scores.append(face.score)
            self._mesh(track, image, scale, place == 0)
            track.keeper.offer(frame, image, face, scale, look.new_scene)
        largest = max((face for _, face in seen), key=lambda face: face.area, default=None)
        self._watch.look(image, frame.size, frame.time, None if largest is None else largest.box)
        if self._watch.settled:
            for track in self._tracks:
                track.keeper.cut(self._watch.found)

    def _mesh(self, track: _Following, image: Image, scale: float, largest: bool) -> None:
        """Add the mesh of the track's last face, or what it is fitted from later; none to a smaller face."""
        mesh, marks, later = self._finder.mesh, np.full((POINTS, 2), np.nan, np.float32), None
        if largest and self._every_mesh:
            marks = (mesh.fit(image, track.last) / scale).astype(np.float32)
        elif largest and track.indices[-1] % MESH_EVERY == 0:
            later = LaterMesh(mesh, mesh.crop(image, track.last), scale)
        track.landmarks.append(marks)
        track.later.append(later)

    def inner(self) -> InnerPicture | None:
        """The inner picture, px of the upright frame, once every frame was followed."""
        return self._watch.finish()

    def tracks(self) -> list[FaceTrack]:
        """Every followed face, the largest (median area) first, doubtful ones last.

        A face is doubtful if it was seen in less than 0.4 of the frames of the face seen longest, or never with
        certainty. It may be a false alarm, so it is not judged while there is a better one.
        """
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._search(waiting)
        longest = max((len(track.indices) for track in self._tracks), default=0)
        self._watch.finish()
        finished = [_finish(track, self._watch.found) for track in self._tracks]
        return sorted(finished, key=lambda track: (_doubtful(track, longest), -track.area))

    def _near(self, image: Image, track: _Following, time: float) -> Detection | None:
        """Searches near the track's last place."""
        box = track.last.box
        same = [face for face in self._finder.near(image, box, track.turn) if _same_face(track, face, time)]
        return max(same, key=lambda face: float(iou(box, face.box[None])[0]), default=None)

    def _new_faces(
        self, image: Image, active: list[_Following], seen: list[tuple[_Following, Detection]], time: float
    ) -> list[tuple[_Following, Detection]]:
        turns: tuple[int, ...] = (self._tracks[0].turn,) if self._tracks else (0,)
        unsure = not any(upright.sure(face, track.turn) for track, face in seen)
        if unsure and self._rescues > 0 and time >= self._next_rescue:
            turns = (*turns, *(turn for turn in TURNS if turn not in turns))
            self._next_rescue = time + RESCUE_SECONDS * 1.5 ** (RESCUES - self._rescues)
            self._rescues -= 1
        found, turn = self._finder.search(image, turns)
        if unsure:
            _turn_over(seen, found, turn)
        taken = [face for _, face in seen]
        lost = [track for track in active if all(track is not other for other, _ in seen)]
        new: list[tuple[_Following, Detection]] = []
        for face in sorted(found, key=lambda face: -face.area):
            if any(float(iou(face.box, other.box[None])[0]) >= SAME_FACE_IOU for other in taken):
                continue
            again = next((track for track in lost if _same_face(track, face, time)), None)
            if again is not None:
                lost.remove(again)
            elif len(self._tracks) < MAX_TRACKS:
                again = _Following(turn, SampleKeeper(self._expected, turn), face)
                self._tracks.append(again)
            else:
                continue
            taken.append(face)
            new.append((again, face))
        return new


def _turn_over(seen: list[tuple[_Following, Detection]], found: list[Detection], turn: int) -> None:
    """Continues the tracks at another turn if their face was found better there."""
    for place, (track, face) in enumerate(seen):
        same = [other for other in found if float(iou(face.box, other.box[None])[0]) >= SAME_FACE_IOU]
        better = max(same, key=lambda other: other.score, default=face)
        if turn != track.turn and better.score > face.score:
            track.turn = turn
            track.keeper.turn_to(turn)
            seen[place] = (track, better)


def _same_face(track: _Following, face: Detection, time: float) -> bool:
    """Whether `face` can be the track's face: within reach of its last place, and about as large."""
    last = track.last.box
    sides = np.sqrt([max(track.last.area, 1.0), max(face.area, 1.0)])
    if max(sides) > SAME_FACE_SIZE * min(sides):
        return False
    if float(iou(last, face.box[None])[0]) >= SAME_FACE_IOU:
        return True
    step = float(np.hypot(*((last[:2] + last[2:] - face.box[:2] - face.box[2:]) / 2)))
    return step <= float(sides[0]) * (STEP_FACES + STEP_FACES_PER_SECOND * (time - track.times[-1]))


def _finish(track: _Following, inner: InnerPicture | None) -> FaceTrack:
    return FaceTrack(
        indices=np.asarray(track.indices),
        times=np.asarray(track.times),
        boxes=np.stack(track.boxes),
        scores=np.asarray(track.scores, np.float32),
        landmarks=np.stack(track.landmarks),
        turn=track.turn,
        samples=track.keeper.samples(inner),
        extra_samples=track.keeper.extra_samples(),
        later=tuple(track.later),
    )


def _doubtful(track: FaceTrack, longest: int) -> bool:
    return len(track.indices) < GLIMPSE * longest or float(np.median(track.scores)) < DOUBTFUL_SCORE
